package dev.redurite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.exceptions.JedisDataException;

/** The helpers as a test of an application uses them, with Jedis. */
@ExtendWith(ReduriteExtension.class)
class EmulatorTest {
    private JedisPooled client;

    @BeforeEach
    void connect(Emulator redurite) {
        client = new JedisPooled(redurite.cache("devcache").plainUrl());
    }

    @AfterEach
    void disconnect() {
        client.close();
    }

    @Test
    void cachesAreFound(Emulator redurite) {
        Cache cache = redurite.cache("DevCache");
        assertEquals("PONG", client.ping());
        assertTrue(cache.connectionString().startsWith(cache.host() + ":" + cache.tlsPort() + ",password=" + cache.key()));
        assertTrue(cache.url().startsWith("rediss://") && cache.caFile().toFile().exists());
        Exception missing = assertThrows(IllegalArgumentException.class, () -> redurite.cache("other"));
        assertEquals("there is no cache 'other'; there are: devcache", missing.getMessage());
    }

    @Test
    void timeIsMoved(Emulator redurite) {
        client.setex("session", 540, "ada");
        Instant before = redurite.now();
        redurite.advance(Duration.ofMinutes(8));
        assertEquals(60, client.ttl("session"));
        redurite.advance(Duration.ofMinutes(1));
        assertNull(client.get("session"));
        assertEquals(Duration.ofMinutes(9), Duration.between(before, redurite.now()));
        redurite.resume(1000);
        redurite.freeze();
    }

    @Test
    void whatWasDoneIsReadAndVerified(Emulator redurite) {
        client.get("user:1");
        client.get("user:1");
        client.setex("a", 5, "1");
        List<RecordedRequest> seen = redurite.requests(Map.of("key", List.of("user:*", "a")));
        assertEquals("[redis GET user:1 -> ok, redis GET user:1 -> ok, redis SETEX a -> ok]", seen.toString());
        redurite.verify(Expectation.of(Map.of("command", "GET", "key", "user:1")).exactly(2),
                Expectation.command("@write").every(Map.of("ttl", true)), Expectation.command("KEYS").never());
        assertEquals(Set.of("a"), client.keys("*"));
        VerificationError failure = assertThrows(VerificationError.class, () -> redurite
                .verify(Expectation.command("KEYS").never().named("no scan"), Expectation.of(Map.of("key", "user:2"))));
        assertTrue(failure.getMessage().startsWith(
                "no scan: expected no request with command KEYS; there was 1\n  seen: redis KEYS -> ok"),
                failure.getMessage());
        assertEquals(2, failure.results().size());
        redurite.clearRequests();
        redurite.verify(Expectation.command("GET").never());
    }

    @Test
    void faultsActWhileTheyAreOpenAndCount(Emulator redurite) {
        Map<String, Object> rule = Map.of("plane", "redis", "type", "error", "match", Map.of("command", "GET"),
                "attributes", Map.of("error", "ERR on a bad day"));
        try (Fault fault = redurite.fault(rule)) {
            assertEquals("ERR on a bad day",
                    assertThrows(JedisDataException.class, () -> client.get("a")).getMessage());
            assertEquals(1, fault.fired());
            redurite.verify(Expectation.of(Map.of("fault", fault.id())).exactly(1));
        }
        assertNull(client.get("a"));
        Map<String, String> misspelt = Map.of("plane", "redis", "type", "loadin");
        assertTrue(assertThrows(AdminException.class, () -> redurite.fault(misspelt)).getMessage()
                .contains("did you mean 'loading'"));
    }

    @Test
    void scenariosArePlayedWhileTheyAreOpen(Emulator redurite) {
        try (Scenario scenario = redurite.scenario("memory-pressure")) {
            assertThrows(JedisDataException.class, () -> client.set("a", "1"));
            assertFalse(scenario.solved());
        }
        assertEquals("OK", client.set("a", "1"));
    }

    @RepeatedTest(2)
    void eachTestBeginsInTheStartState() {
        assertEquals(0, client.dbSize());
        client.set("left over", "x");
    }

    @Test
    void stateGoesAndComesBack(Emulator redurite) {
        client.set("kept", "1");
        JsonObject snapshot = redurite.save();
        client.flushAll();
        redurite.load(snapshot);
        assertEquals("1", client.get("kept"));
        assertEquals(400, assertThrows(AdminException.class, () -> redurite.load(new JsonObject())).status());
    }

    @Test
    void oneOfOnesOwnIsStartedAndStopped() {
        Emulator emulator = Emulator.builder().options("--no-devcache").start();
        try (emulator) {
            assertEquals(List.of(), emulator.caches());
            assertEquals(emulator.endpoint(), emulator.environment("proxy").get("REDURITE_ENDPOINT"));
        }
        assertFalse(emulator.running());
    }

    @Test
    void aStartThatFailsSaysWhy() {
        Emulator.Builder builder = Emulator.builder().options("--no-such-option");
        assertTrue(assertThrows(UncheckedIOException.class, builder::start).getMessage().contains("no-such-option"));
        assertThrows(UncheckedIOException.class, Emulator.builder().binary("/nowhere/redurite")::start);
    }
}
