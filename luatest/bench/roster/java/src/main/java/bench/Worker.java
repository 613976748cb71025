package bench;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.redisson.Redisson;
import org.redisson.api.RLock;
import org.redisson.api.RPermitExpirableSemaphore;
import org.redisson.api.RReadWriteLock;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;

/** A worker process of the benchmark, for Redisson: see luatest/bench/crew for the conversation and the tasks. */
public final class Worker {
    /** Takes a permit or a lock within so many ms. What it gives releases it; null: it was not to be had. */
    private interface Primitive {
        Runnable take(boolean write, long patience) throws Exception;
    }

    private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int INSIDE = 320; // where crew.Shared has it
    private static final double RESOLUTION = Math.log(1.01);
    private static final int MS = 1_000_000;

    private final JsonObject task;
    private final int workers;
    private final long full; // what may be inside together
    private final ByteBuffer shared;
    private final long[] turns;
    private final Histogram waits = new Histogram();
    private final Histogram writes = new Histogram();
    private final Histogram pairs = new Histogram();
    private final AtomicReference<String> error = new AtomicReference<>("");
    private long overlaps;
    private long errors;

    /** The same buckets as crew.Histogram. */
    private static final class Histogram {
        public final Map<Integer, Integer> buckets = new TreeMap<>();
        public long longest;

        synchronized void add(long ns) {
            longest = Math.max(longest, ns);
            buckets.merge(ns > 1 ? (int) (Math.log(ns) / RESOLUTION) : 0, 1, Integer::sum);
        }
    }

    private Worker(JsonObject task) throws Exception {
        this.task = task;
        workers = task.get("workers").getAsInt();
        full = task.get("limit").getAsLong();
        turns = new long[workers];
        try (RandomAccessFile file = new RandomAccessFile(task.get("shared").getAsString(), "rw")) {
            shared = file.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, file.length());
        }
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("version")) {
            String jar = Redisson.class.getProtectionDomain().getCodeSource().getLocation().getPath();
            System.out.println(jar.replaceFirst(".*/redisson-", "").replaceFirst("\\.jar$", ""));
            return;
        }
        if (args[0].equals("rehearse")) { // loads the classes, for their archive
            try {
                connect("127.0.0.1:1").shutdown();
            } catch (RuntimeException e) {
                new Gson().toJson(Map.of("turns", new long[1], "error", e.toString()));
            }
            System.exit(0);
        }
        new Worker(JsonParser.parseString(args[args.length - 1]).getAsJsonObject()).work();
    }

    private static RedissonClient connect(String addr) {
        Config config = new Config();
        config.useSingleServer().setAddress("redis://" + addr);
        return Redisson.create(config);
    }

    private void work() throws Exception {
        RedissonClient client = connect(task.get("addr").getAsString());
        Primitive warm = primitive(client, task.get("name").getAsString() + ":connect:" + task.get("first").getAsInt());
        warm.take(true, 10_000).run();
        Primitive primitive = primitive(client, task.get("name").getAsString());
        System.out.println("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        if (in.readLine() == null) {
            System.exit(0);
        }
        Thread watch = new Thread(() -> {
            try {
                while (in.readLine() != null) { }
            } catch (Exception e) { /* it is closed: that is what was waited for */ }
            Runtime.getRuntime().halt(0);
        });
        watch.setDaemon(true);
        watch.start();
        switch (task.get("kind").getAsString()) {
            case "turns" -> each(i -> takeTurns(primitive, i));
            case "hold" -> {
                each(i -> {
                    if (primitive.take(true, 10_000) == null) {
                        throw new IllegalStateException("a free permit was not granted");
                    }
                });
                System.out.println("held");
                Thread.sleep(task.get("window").getAsLong() / MS);
            }
            case "fill" -> each(i -> {
                if (primitive.take(true, task.get("drain").getAsLong() / MS) != null) {
                    turns[i] = 1;
                }
            });
            default -> throw new IllegalArgumentException(task.get("kind").getAsString());
        }
        System.out.println(new Gson().toJson(Map.of(
            "turns", turns, "waits", histogram(waits), "writes", histogram(writes), "pairs", histogram(pairs),
            "elapsed", task.get("window").getAsLong() / 1e9, "overlaps", overlaps, "errors", errors, "error", error.get())));
        Thread.sleep(Long.MAX_VALUE); // what is held is held until the standard input ends
    }

    private static Map<String, Object> histogram(Histogram h) {
        return Map.of("buckets", h.buckets, "longest", h.longest);
    }

    private Primitive primitive(RedissonClient client, String name) {
        long lease = task.get("ttl").getAsLong() / MS;
        if (task.get("primitive").getAsString().equals("semaphore")) {
            RPermitExpirableSemaphore semaphore = client.getPermitExpirableSemaphore(name);
            semaphore.trySetPermits((int) full);
            return (write, patience) -> {
                String permit = semaphore.tryAcquire(patience, lease, TimeUnit.MILLISECONDS);
                return permit == null ? null : () -> semaphore.release(permit);
            };
        }
        RReadWriteLock both = client.getReadWriteLock(name);
        return (write, patience) -> {
            RLock lock = write ? both.writeLock() : both.readLock();
            return lock.tryLock(patience, lease, TimeUnit.MILLISECONDS) ? lock::unlock : null;
        };
    }

    private interface Body {
        void run(int i) throws Exception;
    }

    /** Runs the body of each worker in a thread of its own. */
    private void each(Body body) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            int worker = i;
            Thread thread = new Thread(() -> {
                try {
                    body.run(worker);
                } catch (Exception e) {
                    fail(e);
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private synchronized void fail(Exception e) {
        errors++;
        error.compareAndSet("", e.toString());
    }

    private void takeTurns(Primitive primitive, int i) {
        int writers = task.get("writers").getAsInt(); // one of so many writes; 0: none does
        boolean write = writers > 0 && (task.get("first").getAsInt() + i) % writers == 0;
        long weight = write ? full : 1;
        long start = System.nanoTime() + task.get("warmup").getAsLong();
        long end = start + task.get("window").getAsLong();
        long limit = end + task.get("drain").getAsLong();
        for (long began; (began = System.nanoTime()) < end;) {
            try {
                Runnable release = primitive.take(write, Math.max(1, (limit - began) / MS));
                long got = System.nanoTime();
                if (got > start) {
                    (write ? writes : waits).add(got - began);
                }
                if (release == null) {
                    return;
                }
                boolean counts = got > start && got < end;
                if (counts) {
                    turns[i]++;
                }
                if ((long) LONGS.getAndAdd(shared, INSIDE, weight) + weight > full) {
                    synchronized (this) {
                        overlaps++;
                    }
                }
                LONGS.getAndAdd(shared, INSIDE, -weight);
                release.run();
                if (counts) {
                    pairs.add(System.nanoTime() - began);
                }
            } catch (Exception e) {
                fail(e);
            }
        }
    }
}
