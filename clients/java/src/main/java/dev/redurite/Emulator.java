package dev.redurite;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.reflect.TypeToken;
import com.google.gson.Gson;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** An emulator of one's own, on free ports. It records Redis commands and keeps nothing on disk. */
public final class Emulator extends Admin implements AutoCloseable {
    private static final long START_MS = 30_000;
    private static final long STOP_MS = 10_000;

    private final Process process;
    private final Path directory;
    private final String binary;
    private final JsonObject ready;
    private final Thread killer;

    /** How to start one. The defaults will do. */
    public static final class Builder {
        private String binary;
        private String clock = "real";
        private final List<String> options = new ArrayList<>();

        /** Default: the variable REDURITE, else redurite on PATH. */
        public Builder binary(String path) {
            binary = path;
            return this;
        }

        /** "real", "frozen" or a scale. */
        public Builder clock(String mode) {
            clock = mode;
            return this;
        }

        /** A file of resources to start with. */
        public Builder seed(Path file) {
            return options("--seed", file.toString());
        }

        /** Further words of {@code redurite start}. */
        public Builder options(String... words) {
            options.addAll(List.of(words));
            return this;
        }

        public Emulator start() {
            try {
                return launch(this);
            } catch (IOException error) {
                throw new UncheckedIOException("redurite did not start: " + error.getMessage(), error);
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while redurite started", error);
            }
        }
    }

    public static Builder builder() {
        return new Builder();
    }

    private Emulator(String binary, Process process, Path directory, JsonObject ready) {
        super("http://127.0.0.1:" + ready.getAsJsonObject("ports").get("https").getAsInt());
        this.binary = binary;
        this.process = process;
        this.directory = directory;
        this.ready = ready;
        this.killer = new Thread(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(killer);
    }

    private static String findBinary(String given) throws IOException {
        String binary = given != null ? given : System.getenv("REDURITE");
        if (binary != null) {
            return binary;
        }
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(folder -> Path.of(folder, "redurite")).filter(Files::isExecutable).map(Path::toString).findFirst()
                .orElseThrow(() -> new IOException(
                        "it was not found; put it on PATH, or its path into the variable REDURITE"));
    }

    private static Emulator launch(Builder builder) throws IOException, InterruptedException {
        String binary = findBinary(builder.binary);
        Path directory = Files.createTempDirectory("redurite-");
        Path readyFile = directory.resolve("ready.json");
        Path log = directory.resolve("redurite.log");
        List<String> words = new ArrayList<>(List.of(binary, "start", "--redis-port", "0", "--redis-tls-port", "0",
                "--https-port", "0", "--ephemeral", "--data-dir", directory.resolve("data").toString(), "--ready-file",
                readyFile.toString(), "--clock", builder.clock, "--record-commands"));
        words.addAll(builder.options);
        ProcessBuilder command = new ProcessBuilder(words).redirectError(log.toFile())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        command.environment().keySet().removeIf(name -> name.startsWith("REDURITE_"));
        Process process;
        try {
            process = command.start();
        } catch (IOException error) {
            delete(directory);
            throw error;
        }
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(START_MS);
        while (!Files.exists(readyFile)) {
            if (process.waitFor(5, TimeUnit.MILLISECONDS) || System.nanoTime() > end) {
                process.destroyForcibly().waitFor();
                String said = Files.readString(log).strip();
                delete(directory);
                throw new IOException(said);
            }
        }
        JsonObject ready = JsonParser.parseString(Files.readString(readyFile)).getAsJsonObject();
        return new Emulator(binary, process, directory, ready);
    }

    /** What the emulator wrote down when it was ready: ports, tenant, client, CA. */
    public JsonObject ready() {
        return ready;
    }

    public boolean running() {
        return process.isAlive();
    }

    /** What the emulator has written to stderr. */
    public String log() {
        try {
            return Files.readString(directory.resolve("redurite.log"));
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** Variables that lead az, Terraform and the Azure SDKs in a child process to the emulator. */
    public Map<String, String> environment(String mode) {
        try {
            Process env = new ProcessBuilder(binary, "env", "--format", "json", "--mode", mode, "--endpoint",
                    endpoint()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            String text = new String(env.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            return new Gson().fromJson(text, new TypeToken<Map<String, String>>() { }.getType());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /** Stops it and removes its files. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_MS, TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException error) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(killer);
        } catch (IllegalStateException leaving) {
            // The machine is shutting down: the hook runs by itself.
        }
        delete(directory);
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (IOException | UncheckedIOException error) {
            directory.toFile().deleteOnExit();
        }
    }
}
