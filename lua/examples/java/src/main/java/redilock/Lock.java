package redilock;

import java.time.Duration;
import java.util.List;

/** A lock that is held until {@link #deadline}. try-with-resources gives it back. */
public final class Lock implements AutoCloseable {
    /** We had the lock, and its lease has ended or somebody took it away. */
    public static final class LostException extends RuntimeException {
        LostException(String message) {
            super(message);
        }
    }

    private final Locks locks;
    private final String name;
    private final String token;
    private volatile long fence;
    private volatile long deadline;

    Lock(Locks locks, String name, String token, long fence, long deadline) {
        this.locks = locks;
        this.name = name;
        this.token = token;
        this.fence = fence;
        this.deadline = deadline;
    }

    /** Higher than that of every grant of this name before it: what a store can check. */
    public long fence() {
        return fence;
    }

    /** Until when it is ours for sure, as System.nanoTime. */
    public long deadline() {
        return deadline;
    }

    /** Keeps the lock for a lease from now at least. */
    public synchronized void extend(Duration lease) {
        long sent = System.nanoTime();
        List<?> reply = locks.call("extend", name, token, lease.toMillis());
        if (Locks.tag(reply).equals("NOTHELD")) {
            throw new LostException(name);
        }
        long until = Locks.certain(sent, (Long) reply.get(2));
        fence = (Long) reply.get(1);
        deadline = until - deadline > 0 ? until : deadline;
    }

    /** Gives the lock back, to the first that waits for it. */
    @Override
    public void close() {
        if (Locks.tag(locks.call("release", name, token)).equals("NOTHELD")) {
            throw new LostException(name);
        }
    }
}
