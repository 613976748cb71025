package redilock;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import redis.clients.jedis.BinaryJedisPubSub;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;

/**
 * Replays the scenarios of luatest/scenarios through Jedis. The server is emptied, and some scenarios change its settings:
 * use one that holds nothing and serves nobody else.
 */
public final class Conformance {
    private static final Path DIST = Path.of("../../dist");
    private static final Path SCENARIOS = Path.of("../../../luatest/scenarios");
    private static final byte[] SYNC = "redilock:conformance:sync".getBytes(UTF_8);

    private static final class Mismatch extends RuntimeException {
        Mismatch(String message) {
            super(message);
        }
    }

    private static void expect(boolean right, String otherwise) {
        if (!right) {
            throw new Mismatch(otherwise);
        }
    }

    /** One event of the subscribed connection: what kind, the channel, and the message if it is one. */
    private record Event(String kind, String channel, byte[] message) {}

    /** Listens on a connection of its own. Bytes of channels are characters here. */
    private static final class Listener extends BinaryJedisPubSub implements AutoCloseable {
        private final Jedis jedis;
        private final Jedis publisher;
        private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
        private final Map<String, List<Object>> heard = new TreeMap<>();
        private int pings;

        Listener(URI url, Jedis publisher) throws InterruptedException {
            this.jedis = new Jedis(url);
            this.publisher = publisher;
            Thread thread = new Thread(() -> {
                try {
                    jedis.subscribe(this, SYNC);
                } catch (JedisConnectionException closed) {
                    // it ended with its scenario
                }
            });
            thread.setDaemon(true);
            thread.start();
            until("subscribe", SYNC);
        }

        @Override
        public void onMessage(byte[] channel, byte[] message) {
            events.add(new Event("message", new String(channel, ISO_8859_1), message));
        }

        @Override
        public void onSubscribe(byte[] channel, int count) {
            events.add(new Event("subscribe", new String(channel, ISO_8859_1), null));
        }

        @Override
        public void onUnsubscribe(byte[] channel, int count) {
            events.add(new Event("unsubscribe", new String(channel, ISO_8859_1), null));
        }

        /** Collects messages until this event. */
        byte[] until(String kind, byte[] channel) throws InterruptedException {
            String wanted = new String(channel, ISO_8859_1);
            while (true) {
                Event event = events.poll(10, TimeUnit.SECONDS);
                expect(event != null, "no answer on the subscribed connection");
                if (event.kind.equals(kind) && event.channel.equals(wanted)) {
                    return event.message;
                }
                if (event.kind.equals("message")) {
                    heard.computeIfAbsent(event.channel, c -> new ArrayList<>()).add(event.message);
                }
            }
        }

        /** Messages come in the order of their publishing: after this one, no other is under way. */
        List<Object> take(byte[] channel) throws InterruptedException {
            publisher.publish(SYNC, Integer.toString(++pings).getBytes(UTF_8));
            until("message", SYNC);
            List<Object> got = heard.remove(new String(channel, ISO_8859_1));
            return got == null ? List.of() : got;
        }

        @Override
        public void close() throws InterruptedException {
            unsubscribe();
            until("unsubscribe", SYNC);
            jedis.close();
        }
    }

    private final Jedis jedis;
    private final Listener listener;
    private final Map<String, Long> vars = new TreeMap<>();
    private final Map<String, byte[]> sha1 = new TreeMap<>();
    private final Map<String, byte[]> keys = new LinkedHashMap<>();

    private Conformance(Jedis jedis, Listener listener, JsonObject file, JsonObject scenario) throws IOException {
        this.jedis = jedis;
        this.listener = listener;
        byte[] name = value(scenario.has("lock") ? scenario.get("lock") : scenario.get("name"));
        for (JsonElement element : read(DIST.resolve("manifest.json")).getAsJsonArray("scripts")) {
            JsonObject s = element.getAsJsonObject();
            String primitive = file.get("primitive").getAsString() + ".";
            String script = s.get("name").getAsString();
            if (script.startsWith(primitive) && s.get("version").equals(file.get("version"))) {
                byte[] loaded = jedis.scriptLoad(Files.readAllBytes(DIST.resolve(s.get("file").getAsString())));
                expect(new String(loaded, UTF_8).equals(s.get("sha1").getAsString()), script + ": not the manifest's sha1");
                sha1.put(script.substring(primitive.length()), loaded);
                List<byte[]> all = Locks.keys(name, Locks.suffixes(s));
                for (int i = 0; i < all.size(); i++) {
                    keys.put(s.getAsJsonArray("keys").get(i).getAsJsonObject().get("name").getAsString(), all.get(i));
                }
            }
        }
    }

    private static JsonObject read(Path path) throws IOException {
        return JsonParser.parseString(Files.readString(path)).getAsJsonObject();
    }

    /** The bytes that a value stands for. */
    private byte[] value(JsonElement v) {
        if (v.isJsonPrimitive()) {
            return v.getAsString().getBytes(UTF_8);
        }
        JsonObject o = v.getAsJsonObject();
        if (o.has("key")) {
            return keys.get(o.get("key").getAsString());
        } else if (o.has("hex")) {
            return HexFormat.of().parseHex(o.get("hex").getAsString());
        } else if (o.has("times")) {
            return o.get("text").getAsString().repeat(o.get("times").getAsInt()).getBytes(UTF_8);
        } else if (o.has("var")) {
            return vars.get(o.get("var").getAsString()).toString().getBytes(UTF_8);
        }
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        values(o.getAsJsonArray("join")).forEach(joined::writeBytes);
        return joined.toByteArray();
    }

    private List<byte[]> values(JsonArray list) {
        return list.asList().stream().map(this::value).toList();
    }

    private void match(JsonElement want, Object got) {
        expect(right(want, got), "expected " + want + ", got " + show(got) + " with " + vars);
    }

    private static String show(Object reply) {
        if (reply instanceof List<?> list) {
            return list.stream().map(Conformance::show).toList().toString();
        }
        return reply instanceof byte[] bytes ? '"' + new String(bytes, ISO_8859_1) + '"' : String.valueOf(reply);
    }

    /** Jedis gives a status as bytes, like a string; the other kinds are told apart. */
    private boolean right(JsonElement want, Object got) {
        if (want.isJsonNull()) {
            return got == null;
        } else if (want.isJsonArray()) {
            JsonArray items = want.getAsJsonArray();
            boolean right = got instanceof List<?> list && list.size() == items.size();
            for (int i = 0; right && i < items.size(); i++) {
                right = right(items.get(i), ((List<?>) got).get(i));
            }
            return right;
        } else if (want.isJsonPrimitive() && want.getAsJsonPrimitive().isNumber()) {
            return Long.valueOf(want.getAsLong()).equals(got);
        }
        JsonObject o = want.isJsonObject() ? want.getAsJsonObject() : new JsonObject();
        String error = got instanceof JedisDataException e ? e.getMessage() : null;
        if (o.has("any")) {
            return error == null;
        } else if (o.has("error")) {
            return o.get("error").getAsString().equals(error);
        } else if (o.has("code")) {
            return error != null && error.split(" ")[0].equals(o.get("code").getAsString());
        } else if (o.has("var")) {
            return vars.get(o.get("var").getAsString()).equals(got);
        } else if (o.has("integer")) {
            return got instanceof Long n && integer(o.getAsJsonObject("integer"), n);
        }
        byte[] bytes = o.has("status") ? o.get("status").getAsString().getBytes(UTF_8) : value(want);
        return got instanceof byte[] text && Arrays.equals(text, bytes);
    }

    private boolean integer(JsonObject bounds, long n) {
        if (bounds.has("min") && n < bounds.get("min").getAsLong() || bounds.has("max") && n > bounds.get("max").getAsLong()
            || bounds.has("above") && n <= vars.get(bounds.get("above").getAsString())) {
            return false;
        }
        if (bounds.has("bind")) {
            vars.put(bounds.get("bind").getAsString(), n);
        }
        return true;
    }

    private Object send(String command, byte[]... args) {
        return send(command.getBytes(UTF_8), args);
    }

    private Object send(byte[] command, byte[]... args) {
        try {
            return jedis.sendCommand(() -> command, args);
        } catch (JedisDataException e) {
            return e;
        }
    }

    private long micros() {
        List<?> time = (List<?>) send("TIME");
        return Long.parseLong(new String((byte[]) time.get(0), UTF_8)) * 1_000_000
            + Long.parseLong(new String((byte[]) time.get(1), UTF_8));
    }

    private static byte[][] array(List<byte[]> list) {
        return list.toArray(byte[][]::new);
    }

    private void step(JsonObject step) throws InterruptedException {
        if (step.has("call")) {
            List<byte[]> chosen = step.has("keys") ? values(step.getAsJsonArray("keys")) : List.copyOf(keys.values());
            List<byte[]> words = new ArrayList<>();
            words.add(sha1.get(step.get("call").getAsString()));
            words.add(Integer.toString(chosen.size()).getBytes(UTF_8));
            words.addAll(chosen);
            words.addAll(values(step.getAsJsonArray("args")));
            match(step.get("reply"), send("EVALSHA", array(words)));
        } else if (step.has("do")) {
            List<byte[]> words = values(step.getAsJsonArray("do"));
            Object reply = send(words.get(0), array(words.subList(1, words.size())));
            match(step.has("reply") ? step.get("reply") : JsonParser.parseString("{\"any\": true}"), reply);
        } else if (step.has("advance_ms")) {
            long end = micros() + step.get("advance_ms").getAsLong() * 1000 + 1000;
            for (long left; (left = end - micros()) > 0;) {
                TimeUnit.MICROSECONDS.sleep(left);
            }
        } else if (step.has("subscribe")) {
            for (byte[] channel : values(step.getAsJsonArray("subscribe"))) {
                listener.subscribe(channel);
                listener.until("subscribe", channel);
            }
        } else if (step.has("unsubscribe")) {
            for (byte[] channel : values(step.getAsJsonArray("unsubscribe"))) {
                listener.unsubscribe(channel);
                listener.until("unsubscribe", channel);
            }
        } else if (step.has("messages")) {
            JsonObject messages = step.getAsJsonObject("messages");
            match(messages.get("payloads"), listener.take(value(messages.get("channel"))));
        } else if (step.has("state")) {
            state(step.getAsJsonArray("state"));
        } else if (step.has("repeat")) {
            for (long n = 1; n <= step.get("repeat").getAsLong(); n++) {
                vars.put(step.get("as").getAsString(), n);
                for (JsonElement inner : step.getAsJsonArray("steps")) {
                    step(inner.getAsJsonObject());
                }
            }
        } else {
            throw new Mismatch("an unknown step");
        }
    }

    private void state(JsonArray want) {
        List<byte[]> names = want.asList().stream().map(k -> value(k.getAsJsonObject().get("key"))).toList();
        List<String> got = ((List<?>) send("KEYS", "*".getBytes(UTF_8))).stream().map(Conformance::show).sorted().toList();
        expect(got.equals(names.stream().map(Conformance::show).sorted().toList()), "the keys are " + got);
        for (JsonElement element : want) {
            JsonObject key = element.getAsJsonObject();
            byte[] name = value(key.get("key"));
            expect(show(send("TYPE", name)).equals('"' + key.get("type").getAsString() + '"'), "the type of " + show(name));
            match(key.get("pttl"), send("PTTL", name));
            if (key.has("value")) {
                match(key.get("value"), send("GET", name));
            }
            if (key.has("members")) {
                match(key.get("members"), send("ZRANGE", name, "0".getBytes(UTF_8), "-1".getBytes(UTF_8)));
            }
            if (key.has("fields")) {
                List<Object> fields = new ArrayList<>((List<?>) send("HKEYS", name));
                fields.sort((a, b) -> Arrays.compareUnsigned((byte[]) a, (byte[]) b));
                match(key.get("fields"), fields);
            }
        }
    }

    private static boolean nameIsWrong(JsonObject n) {
        List<String> roles = List.of("fence", "queue", "waiters");
        byte[] name = n.has("hex") ? HexFormat.of().parseHex(n.get("hex").getAsString())
            : n.get("name").getAsString().repeat(n.has("times") ? n.get("times").getAsInt() : 1).getBytes(UTF_8);
        try {
            List<byte[]> got = Locks.keys(name, roles.stream().map(role -> ":redilock:" + role).toList());
            boolean wrong = n.has("refused");
            for (int i = 0; i < got.size(); i++) {
                String role = roles.get(i);
                wrong |= n.has(role) && !Arrays.equals(got.get(i), n.get(role).getAsString().getBytes(UTF_8))
                    || n.has(role + "_hex") && !HexFormat.of().formatHex(got.get(i)).equals(n.get(role + "_hex").getAsString());
            }
            return wrong;
        } catch (IllegalArgumentException e) {
            return !n.has("refused");
        }
    }

    public static void main(String[] args) throws Exception {
        URI url = URI.create(args[0]);
        Jedis admin = new Jedis(url);
        expect(admin.dbSize() == 0, "the database is not empty: this would delete what it holds");
        int passed = 0;
        int failed = 0;
        Map<String, Integer> skipped = new TreeMap<>();
        List<JsonElement> wrong = read(SCENARIOS.resolve("mutex/names.json")).getAsJsonArray("names").asList().stream()
            .filter(n -> nameIsWrong(n.getAsJsonObject())).toList();
        wrong.forEach(n -> System.out.println("FAILED names: " + n));
        passed += wrong.isEmpty() ? 1 : 0;
        failed += wrong.isEmpty() ? 0 : 1;
        List<Path> paths = new ArrayList<>();
        try (Stream<Path> found = Files.walk(SCENARIOS)) {
            found.filter(p -> p.toString().endsWith(".json") && !p.getParent().equals(SCENARIOS)).sorted().forEach(paths::add);
        }
        for (Path path : paths) {
            JsonObject file = read(path);
            JsonArray scenarios = file.has("$schema") || !file.has("scenarios") ? new JsonArray() : file.getAsJsonArray("scenarios");
            for (JsonElement element : scenarios) {
                JsonObject s = element.getAsJsonObject();
                if (s.has("engines") && !s.getAsJsonArray("engines").toString().contains("\"real\"")) {
                    skipped.merge(s.get("reason").getAsString(), 1, Integer::sum);
                    continue;
                }
                JsonElement at = null;
                try (Jedis jedis = new Jedis(url); Listener listener = new Listener(url, admin)) {
                    Conformance replay = new Conformance(jedis, listener, file, s);
                    for (JsonElement step : s.getAsJsonArray("steps")) {
                        at = step;
                        replay.step(step.getAsJsonObject());
                    }
                    passed++;
                } catch (RuntimeException e) {
                    failed++;
                    System.out.printf("FAILED %s (%s): %s%n  %s%n  %s%n", s.get("name"), path, s.get("title"), at, e);
                }
                admin.configSet("maxmemory", "0"); // a scenario that ended early may have left these
                admin.replicaofNoOne();
                admin.flushDB();
            }
        }
        skipped.forEach((reason, count) -> System.out.println("skipped " + count + ": " + reason));
        int skips = skipped.values().stream().mapToInt(Integer::intValue).sum();
        System.out.printf("%d passed, %d failed, %d skipped%n", passed, failed, skips);
        System.exit(failed > 0 ? 1 : 0);
    }
}
