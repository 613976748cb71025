package worker;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.redisson.Redisson;
import org.redisson.api.RLock;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;
import redilock.Lock;
import redilock.Locks;
import redis.clients.jedis.RedisClient;

/** A contestant of the interop matrix: Worker KIND HOST PORT DIST. doc.go has the protocol. */
public final class Worker {
    private interface Turn {
        String take(String key, Path counter) throws Exception;
    }

    public static void main(String[] args) throws Exception {
        String url = "redis://" + args[1] + ":" + args[2];
        Turn turn = args[0].equals("redisson") ? redisson(url) : raw(url, Path.of(args[3]));
        Class<?> library = args[0].equals("redisson") ? Redisson.class : RedisClient.class;
        String jar = Path.of(library.getProtectionDomain().getCodeSource().getLocation().toURI()).getFileName().toString();
        System.out.println("ready " + jar.replace(".jar", "").replaceFirst("-(?=\\d)", " "));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null;) {
            String[] words = line.split(" ");
            try {
                Path counter = words[0].equals("hold") ? null : Path.of(words[2]);
                System.out.println("done " + turn.take(words[1], counter));
            } catch (Exception e) {
                System.out.println("fail " + e.toString().replace('\n', ' '));
            }
        }
        System.exit(0); // a Redisson that was refused would wait for its threads
    }

    private static Turn raw(String url, Path dist) throws Exception {
        Locks locks = new Locks(RedisClient.create(url), dist);
        return (key, counter) -> {
            try (Lock lock = locks.lock(key, Duration.ofSeconds(5), Duration.ofSeconds(30), Duration.ofMillis(2))) {
                return raise(counter) + " " + lock.fence();
            }
        };
    }

    private static Turn redisson(String url) {
        Config config = new Config();
        config.useSingleServer().setAddress(url).setRetryAttempts(0);
        RedissonClient client = Redisson.create(config);
        return (key, counter) -> {
            RLock lock = client.getLock(key);
            if (!lock.tryLock(30, 5, TimeUnit.SECONDS)) {
                throw new IllegalStateException("held by somebody else");
            }
            if (counter == null) {
                return "0 0"; // and keeps it
            }
            try {
                return raise(counter) + " 0";
            } finally {
                lock.unlock();
            }
        };
    }

    private static long raise(Path counter) throws Exception {
        long value = Long.parseLong(Files.readString(counter).trim()) + 1;
        Thread.sleep(1);
        Files.writeString(counter, Long.toString(value));
        return value;
    }
}
