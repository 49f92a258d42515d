package dev.redurite;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * What an application needs to reach one cache.
 *
 * @param port without TLS; 0 when that port is closed
 * @param url rediss://, for clients that trust {@code caFile}
 * @param connectionString in StackExchange.Redis's form
 */
public record Cache(String name, String host, int port, int tlsPort, String key, String secondaryKey, String url,
        String connectionString, Path caFile) {

    /** redis://, without TLS, for Jedis and Lettuce. */
    public String plainUrl() {
        if (port == 0) {
            throw new IllegalStateException(name + " has no plain port: use url(), or create it with enableNonSslPort");
        }
        return "redis://:" + URLEncoder.encode(key, StandardCharsets.UTF_8) + "@" + host + ":" + port + "/0";
    }
}
