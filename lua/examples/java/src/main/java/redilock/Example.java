package redilock;

import java.nio.file.Path;
import java.time.Duration;
import redis.clients.jedis.RedisClient;

/** Run me in two terminals. */
public final class Example {
    public static void main(String[] args) throws Exception {
        try (RedisClient redis = RedisClient.create(args.length > 0 ? args[0] : "redis://localhost:6379")) {
            Locks locks = new Locks(redis, Path.of("../../dist"));
            try (Lock lock = locks.lock("example:java", Duration.ofSeconds(10), Duration.ofMinutes(1), Duration.ofMillis(250))) {
                System.out.printf("mine, fence %d, for %.1f s at least%n", lock.fence(), seconds(lock));
                lock.extend(Duration.ofSeconds(20));
                System.out.printf("extended to %.1f s; another attempt: %s%n", seconds(lock),
                    locks.tryLock("example:java", Duration.ofSeconds(10)));
            }
            System.out.println("released");
        }
    }

    private static double seconds(Lock lock) {
        return (lock.deadline() - System.nanoTime()) / 1e9;
    }
}
