package dev.redurite;

import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The admin API of an emulator that runs already, wherever it was started. */
public class Admin {
    private static final Gson GSON = new Gson();
    private static final int ALL = 20000;

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1)
            .proxy(ProxySelector.of(null)).build();
    private final String endpoint;

    /** @param endpoint such as http://127.0.0.1:8443 */
    public Admin(String endpoint) {
        this.endpoint = endpoint.replaceAll("/$", "");
    }

    public String endpoint() {
        return endpoint;
    }

    /** One request under /_redurite; the answer's JSON. A null body sends none. */
    public JsonElement call(String method, String path, Object body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(endpoint + "/_redurite" + path))
                .timeout(Duration.ofMinutes(1)).header("Content-Type", "application/json");
        request.method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(GSON.toJson(body)));
        try {
            HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString());
            JsonElement document = JsonParser.parseString(answer.body());
            if (answer.statusCode() >= 400) {
                JsonObject error = document.getAsJsonObject().getAsJsonObject("error");
                throw new AdminException(answer.statusCode(), error.get("code").getAsString(),
                        error.get("message").getAsString());
            }
            return document;
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while asking the emulator", error);
        }
    }

    // What there is.

    public List<Cache> caches() {
        JsonObject info = call("GET", "/info", null).getAsJsonObject();
        Path caFile = Path.of(info.get("caFile").getAsString());
        List<Cache> caches = new ArrayList<>();
        for (JsonElement element : info.getAsJsonArray("caches")) {
            JsonObject facts = element.getAsJsonObject();
            JsonObject texts = facts.getAsJsonObject("connectionStrings");
            caches.add(new Cache(text(facts, "name"), text(facts, "hostName"), number(facts, "port"),
                    number(facts, "sslPort"), text(facts, "primaryKey"), text(facts, "secondaryKey"),
                    text(texts, "url"), text(texts, "stackexchange"), caFile));
        }
        return caches;
    }

    private static String text(JsonObject object, String name) {
        return object == null || !object.has(name) ? "" : object.get(name).getAsString();
    }

    private static int number(JsonObject object, String name) {
        return object.has(name) && !object.get(name).isJsonNull() ? object.get(name).getAsInt() : 0;
    }

    /** "devcache" is there from the start. */
    public Cache cache(String name) {
        List<Cache> caches = caches();
        return caches.stream().filter(cache -> cache.name().equalsIgnoreCase(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no cache '" + name + "'; there are: "
                        + String.join(", ", caches.stream().map(Cache::name).toList())));
    }

    // Time.

    public Instant now() {
        return Instant.ofEpochMilli(call("GET", "/clock", null).getAsJsonObject().get("nowMs").getAsLong());
    }

    /** Moves the clock; everything due in that span has run on return. */
    public void advance(Duration by) {
        call("POST", "/clock/advance", Map.of("by", by.toMillis() + "ms"));
    }

    public void freeze() {
        call("POST", "/clock", Map.of("mode", "frozen"));
    }

    /** The clock goes on, so many times as fast as real time. */
    public void resume(double scale) {
        call("POST", "/clock", Map.of("mode", "real", "scale", scale));
    }

    // Faults.

    /** Adds a rule: {@code fault(Map.of("plane", "redis", "type", "loading", "times", 1))}. */
    public Fault fault(Map<String, ?> rule) {
        return new Fault(this, call("POST", "/faults", rule).getAsJsonObject());
    }

    public void clearFaults() {
        call("DELETE", "/faults", null);
    }

    /** Plays a shipped scenario, or one that was added before. */
    public Scenario scenario(String name) {
        return new Scenario(this, name);
    }

    /** Makes a scenario of your own known, for {@link #scenario}. */
    public void addScenario(Map<String, ?> document) {
        call("POST", "/scenarios", document);
    }

    // What the application did.

    /** Recorded requests, oldest first; conditions are globs, or lists of them. */
    public List<RecordedRequest> requests(Map<String, ?> conditions) {
        StringBuilder query = new StringBuilder("/requests?limit=" + ALL);
        conditions.forEach((name, value) -> {
            Collection<?> values = value instanceof Collection<?> several ? several : List.of(value);
            values.forEach(one -> query.append('&').append(name).append('=')
                    .append(URLEncoder.encode(one.toString(), StandardCharsets.UTF_8)));
        });
        JsonArray list = call("GET", query.toString(), null).getAsJsonObject().getAsJsonArray("requests");
        List<RecordedRequest> requests = new ArrayList<>();
        list.forEach(element -> requests.add(GSON.fromJson(element, RecordedRequest.class)));
        Collections.reverse(requests);
        return requests;
    }

    /** Begins the record anew, with Redis commands. */
    public void clearRequests() {
        call("DELETE", "/requests", null);
    }

    /** @throws VerificationError unless all are met */
    public void verify(Expectation... expectations) {
        JsonObject answer = call("POST", "/requests/verify",
                Stream.of(expectations).map(expectation -> new LinkedHashMap<>(expectation.document)).toList())
                        .getAsJsonObject();
        if (!answer.get("passed").getAsBoolean()) {
            throw new VerificationError(List.of(GSON.fromJson(answer.get("results"), VerificationError.Result[].class)));
        }
    }

    // State.

    /** Back to the start state: resources, data, clock, faults and record. */
    public void reset() {
        call("POST", "/reset", null);
    }

    public JsonObject save() {
        return call("GET", "/state", null).getAsJsonObject();
    }

    public void load(JsonObject snapshot) {
        call("PUT", "/state", snapshot);
    }
}
