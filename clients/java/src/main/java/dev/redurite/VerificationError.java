package dev.redurite;

import java.util.ArrayList;
import java.util.List;

/** Expectations that were not met, with what was near. */
public class VerificationError extends AssertionError {
    private static final long serialVersionUID = 1;
    private final transient List<Result> results;

    /** How one expectation fared. Lists that do not apply are null. */
    public record Result(int index, String name, boolean passed, int count, String message,
            List<RecordedRequest> matched, List<RecordedRequest> offending, List<RecordedRequest> near) {

        String explain() {
            List<String> lines = new ArrayList<>();
            lines.add(name == null ? message : name + ": " + message);
            each(offending, request -> lines.add("  did not comply: " + request));
            each(near, request -> lines.add("  was near: " + request + " (another " + request.differsIn() + ")"));
            if (offending == null) {
                each(matched, request -> lines.add("  seen: " + request));
            }
            return String.join("\n", lines);
        }

        private static void each(List<RecordedRequest> list, java.util.function.Consumer<RecordedRequest> action) {
            if (list != null) {
                list.forEach(action);
            }
        }
    }

    VerificationError(List<Result> results) {
        super(String.join("\n", results.stream().filter(result -> !result.passed()).map(Result::explain).toList()));
        this.results = results;
    }

    public List<Result> results() {
        return results;
    }
}
