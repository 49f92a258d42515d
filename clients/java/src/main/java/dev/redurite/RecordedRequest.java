package dev.redurite;

import java.util.List;

/** One request that the emulator has recorded. Members that do not apply are null. */
public record RecordedRequest(long id, String time, String plane, String operation, String method, String path,
        String cache, String client, String clientName, String inside, String outcome, String fault, List<String> keys,
        Integer database, Long ttlMs, Double durationMs, String differsIn) {

    public RecordedRequest {
        keys = keys == null ? List.of() : List.copyOf(keys);
    }

    @Override
    public String toString() {
        return plane + " " + operation + (keys.isEmpty() ? "" : " " + String.join(" ", keys)) + " -> " + outcome;
    }
}
