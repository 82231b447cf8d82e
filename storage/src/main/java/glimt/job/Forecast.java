package glimt.job;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a job will take, as far as the farm can tell.
 *
 * @param position how many open jobs of its tenant go before it
 * @param deviceSeconds what is left of it, in device-seconds
 * @param learned whether the time of all its steps is known from earlier attempts
 * @param workers how many living workers can do all of it
 * @param ends when it is likely to end; null if no worker can do it, or it is paused
 * @param obstacle why no living worker can do it; null if one can
 */
public record Forecast(
    int position,
    double deviceSeconds,
    boolean learned,
    int workers,
    @Nullable Instant ends,
    @Nullable String obstacle) {}
