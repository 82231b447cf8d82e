package glimt.deploy.chaos;

import glimt.coordinator.Cadence;
import glimt.ledger.Audit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * How much work was lost in attempts whose worker was killed. Nobody knows what a worker did after
 * its last heartbeat, so this is an upper bound, the least of three: the duration of the attempt
 * until the ledger took it back; the work until its last heartbeat, plus one heartbeat interval and
 * one step; and all steps that the next attempt had to do.
 */
final class LostWork {
  private static final double BEAT = Cadence.DEFAULT.beat().toMillis() / 1000.0;

  private final List<Lost> all = new ArrayList<>();

  /** An upper bound of the work that one kill cost. */
  record Lost(double seconds, int steps) {
    static Lost of(Audit.Loss loss) {
      int left = loss.whole() - loss.goesOnAt();
      double step = loss.stepSeconds();
      double heard = Math.max(0, loss.heardAt() - loss.goesOnAt()) * step;
      double seconds = Math.min(left * step, heard + BEAT + step);
      if (loss.goesOnAt() >= loss.beganAt()) {
        seconds = Math.min(seconds, loss.life());
      }
      return new Lost(seconds, Math.min(left, (int) Math.ceil(seconds / step)));
    }
  }

  void add(Collection<Audit.Loss> losses) {
    losses.stream().map(Lost::of).forEach(all::add);
  }

  /** A line with the median and the worst loss, by seconds. */
  String line() {
    if (all.isEmpty()) {
      return "lost per kill: nothing, of 0 kills";
    }
    Lost worst = all.stream().max(Comparator.comparingDouble(Lost::seconds)).orElseThrow();
    return String.format(
        Locale.ROOT,
        "lost per kill: median %.1f s (%.0f steps), worst %.1f s (%s steps), of %s kills",
        median(Lost::seconds),
        median(Lost::steps),
        worst.seconds(),
        worst.steps(),
        all.size());
  }

  private double median(ToDoubleFunction<Lost> part) {
    double[] sorted = all.stream().mapToDouble(part).sorted().toArray();
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
}
