package dev.redurite;

/** The emulator refused a request; code and text are its own. */
public class AdminException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int status;
    private final String code;

    public AdminException(int status, String code, String message) {
        super(message);
        this.status = status;
        this.code = code;
    }

    public int status() {
        return status;
    }

    public String code() {
        return code;
    }
}
