package dev.redurite;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a test demands of the record:
 * {@code Expectation.of(Map.of("command", "GET", "key", "user:1")).exactly(2)}. Without a count: at least one.
 */
public final class Expectation {
    final Map<String, Object> document = new LinkedHashMap<>();

    private Expectation(Map<String, ?> match) {
        document.put("match", match);
    }

    /** Conditions: plane, command, operation, key, cache, client, outcome ...; globs, or lists of them. */
    public static Expectation of(Map<String, ?> match) {
        return new Expectation(match);
    }

    public static Expectation command(String command) {
        return of(Map.of("command", command));
    }

    public Expectation named(String name) {
        return with("name", name);
    }

    public Expectation exactly(int count) {
        return with("exactly", count);
    }

    public Expectation atLeast(int count) {
        return with("atLeast", count);
    }

    public Expectation atMost(int count) {
        return with("atMost", count);
    }

    public Expectation never() {
        return with("never", true);
    }

    /** What each matching request must have, too: {@code every(Map.of("ttl", true))}. */
    public Expectation every(Map<String, ?> conditions) {
        return with("every", conditions);
    }

    private Expectation with(String name, Object value) {
        document.put(name, value);
        return this;
    }
}
