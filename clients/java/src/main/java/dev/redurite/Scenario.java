package dev.redurite;

import com.google.gson.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** A scenario that runs; closing it stops it. */
public final class Scenario implements AutoCloseable {
    private final Admin admin;
    private final String path;

    Scenario(Admin admin, String name) {
        this.admin = admin;
        this.path = "/scenarios/" + URLEncoder.encode(name, StandardCharsets.UTF_8);
        admin.call("POST", path + "/start", null);
    }

    /** Its document, with how its steps fare under "running". */
    public JsonObject show() {
        return admin.call("GET", path, null).getAsJsonObject();
    }

    public boolean solved() {
        return show().getAsJsonObject("running").get("solved").getAsBoolean();
    }

    @Override
    public void close() {
        try {
            admin.call("POST", path + "/stop", null);
        } catch (AdminException error) {
            if (error.status() != 409) { // a reset has stopped it already
                throw error;
            }
        }
    }
}
