package dev.redurite;

import com.google.gson.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** A fault rule in force; closing it ends it. */
public final class Fault implements AutoCloseable {
    private final Admin admin;
    private final String id;

    Fault(Admin admin, JsonObject rule) {
        this.admin = admin;
        this.id = rule.get("id").getAsString();
    }

    public String id() {
        return id;
    }

    /** The rule as it is now, with hits, fired and active. */
    public JsonObject refresh() {
        return admin.call("GET", path(), null).getAsJsonObject();
    }

    public int fired() {
        return refresh().get("fired").getAsInt();
    }

    @Override
    public void close() {
        try {
            admin.call("DELETE", path(), null);
        } catch (AdminException error) {
            if (error.status() != 404) { // a reset has taken it away already
                throw error;
            }
        }
    }

    private String path() {
        return "/faults/" + URLEncoder.encode(id, StandardCharsets.UTF_8);
    }
}
