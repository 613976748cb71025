package redilock;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/** A distributed lock on plain Redis: the scripts of go-redilock through Jedis. Share one between threads. */
public final class Locks {
    private static final Duration PRESENCE = Duration.ofSeconds(6); // how long a waiter counts as alive that does not ask
    private static final Pattern RESERVED = Pattern.compile(":redilock:[a-z]+\\z"); // the form of a companion key
    private static final SecureRandom RANDOM = new SecureRandom();

    private record Script(byte[] sha1, byte[] source, List<String> suffixes, List<String> tags) {}

    private final UnifiedJedis redis;
    private final Map<String, Script> scripts = new HashMap<>();

    /** dist is the folder lua/dist. */
    public Locks(UnifiedJedis redis, Path dist) throws IOException {
        this.redis = redis;
        String manifest = Files.readString(dist.resolve("manifest.json"));
        for (JsonElement element : JsonParser.parseString(manifest).getAsJsonObject().getAsJsonArray("scripts")) {
            JsonObject s = element.getAsJsonObject();
            String name = s.get("name").getAsString();
            if (name.startsWith("mutex.") && s.get("version").getAsInt() == 1) {
                scripts.put(name.substring("mutex.".length()), new Script(s.get("sha1").getAsString().getBytes(UTF_8),
                    Files.readAllBytes(dist.resolve(s.get("file").getAsString())), suffixes(s), tags(s)));
            }
        }
    }

    static List<String> suffixes(JsonObject script) {
        return script.getAsJsonArray("keys").asList().stream().map(JsonElement::getAsJsonObject)
            .map(key -> key.has("suffix") ? key.get("suffix").getAsString() : "").toList();
    }

    private static List<String> tags(JsonObject script) {
        return script.getAsJsonArray("replies").asList().stream()
            .map(reply -> reply.getAsJsonObject().get("tag").getAsString()).toList();
    }

    /** The lock's key is its name; the companions have a hash tag that puts them into the same cluster slot. */
    static List<byte[]> keys(byte[] name, List<String> suffixes) {
        String bytes = new String(name, ISO_8859_1); // one character for each byte
        int open = bytes.indexOf('{');
        boolean tagged = open >= 0 && bytes.indexOf('}', open) > open + 1;
        boolean alone = open == 0 && bytes.indexOf('}') == bytes.length() - 1; // {x} would have the companions of x
        boolean reserved = tagged && RESERVED.matcher(bytes).find();
        if (name.length < 1 || name.length > 1024 || bytes.contains("}") && !tagged || alone || reserved) {
            throw new IllegalArgumentException(
                "a name has 1 to 1024 bytes, no } except in a hash tag like {this}:lock, and is no companion key");
        }
        String base = tagged ? bytes : "{" + bytes + "}";
        return suffixes.stream().map(s -> (s.isEmpty() ? bytes : base + s).getBytes(ISO_8859_1)).toList();
    }

    /** The first waiter asks every poll, and when the lease ends; the others the less, the further behind they stand. */
    private static long pauseNanos(long holderPttl, long position, Duration poll) {
        if (position == 1 && holderPttl >= 0) {
            return Math.min(poll.toNanos(), (holderPttl + 1) * 1_000_000);
        }
        return Math.min(poll.toNanos() * position, PRESENCE.toNanos() / 3);
    }

    /** Until when it is ours for sure: from before the request, less 1 % + 2 ms for clocks that run apart. */
    static long certain(long sent, long leaseMillis) {
        return sent + leaseMillis * 990_000 - 2_000_000;
    }

    static String tag(List<?> reply) {
        return new String((byte[]) reply.get(0), UTF_8);
    }

    /** The script's reply. One that its manifest does not list is an error, and never taken for one that it lists. */
    List<?> call(String verb, String name, Object... args) {
        Script script = scripts.get(verb);
        List<byte[]> keys = keys(name.getBytes(UTF_8), script.suffixes);
        List<byte[]> argv = Stream.of(args).map(arg -> arg.toString().getBytes(UTF_8)).toList();
        Object reply;
        try {
            reply = redis.evalsha(script.sha1, keys, argv);
        } catch (JedisNoScriptException e) {
            redis.scriptLoad(script.source, keys.get(0));
            reply = redis.evalsha(script.sha1, keys, argv);
        }
        boolean tagged = reply instanceof List<?> list && !list.isEmpty() && list.get(0) instanceof byte[];
        String tag = tagged ? tag((List<?>) reply) : "no tag";
        if (!script.tags.contains(tag)) { // the tag alone is told: the rest may have a token
            throw new IllegalStateException("mutex." + verb + " answered " + tag);
        }
        return (List<?>) reply;
    }

    /** One attempt: empty if somebody else has it or waits for it. */
    public Optional<Lock> tryLock(String name, Duration lease) {
        try {
            return acquire(name, lease, Duration.ZERO, Duration.ZERO, Duration.ZERO);
        } catch (InterruptedException e) {
            throw new AssertionError("an attempt does not sleep", e);
        }
    }

    /** Waits in the queue, for the timeout at the most; the first waiter asks every poll. */
    public Lock lock(String name, Duration lease, Duration timeout, Duration poll)
            throws InterruptedException, TimeoutException {
        return acquire(name, lease, timeout, poll, PRESENCE)
            .orElseThrow(() -> new TimeoutException(name + ": held by somebody else"));
    }

    private Optional<Lock> acquire(String name, Duration lease, Duration timeout, Duration poll, Duration presence)
            throws InterruptedException {
        byte[] random = new byte[16];
        RANDOM.nextBytes(random);
        String token = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        long start = System.nanoTime();
        boolean leave = true;
        try {
            while (true) {
                long sent = System.nanoTime();
                List<?> reply = call("acquire", name, token, lease.toMillis(), presence.toMillis());
                long left = timeout.toNanos() - (sent - start);
                if (tag(reply).equals("GRANTED")) { // fence, lease, fences
                    long deadline = certain(sent, (Long) reply.get(2));
                    if (deadline - System.nanoTime() <= 0) {
                        throw new Lock.LostException(name + ": the answer took longer than the lease");
                    }
                    leave = false;
                    return Optional.of(new Lock(this, name, token, (Long) reply.get(1), deadline));
                } else if (tag(reply).equals("HELD")) {
                    leave = false;
                    return Optional.empty();
                } else if (left <= 0) { // QUEUED
                    return Optional.empty();
                }
                long pause = pauseNanos((Long) reply.get(1), (Long) reply.get(2), poll);
                TimeUnit.NANOSECONDS.sleep(Math.min(pause, left));
            }
        } finally {
            if (leave) { // interrupted, too late or failed: neither a lock nor a place in the queue is left behind
                try {
                    call("release", name, token);
                } catch (JedisException e) {
                    // The place ends with its presence, the lock with its lease.
                }
            }
        }
    }
}
