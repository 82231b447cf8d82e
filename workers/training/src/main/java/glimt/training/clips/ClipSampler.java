package glimt.training.clips;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.diffusion.Estimate;
import glimt.diffusion.Observer;
import glimt.diffusion.Waypoint;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.pipeline.Cascade;
import glimt.pipeline.Mosaic;
import glimt.pipeline.Piece;
import glimt.training.evaluation.Candidate;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes clips as jobs make them, level by level and segment by segment, and counts what that costs.
 * Confined to one thread.
 */
final class ClipSampler implements AutoCloseable {

  /**
   * What it took to make some whole samples of a level.
   *
   * @param seconds of one processor core, whatever else the machine does meanwhile
   * @param evaluations of the network, where a guided step counts as two
   */
  record Cost(int samples, double seconds, long evaluations) {
    Cost plus(Cost other) {
      return new Cost(
          samples + other.samples, seconds + other.seconds, evaluations + other.evaluations);
    }
  }

  /** One segment: its sample, and the first guess at it, after one evaluation. */
  record Made(float[] sample, float[] guess) {}

  private final BundleCard card;
  private final Map<String, Network> networks = new HashMap<>();
  private final Map<String, Cost> costs = new HashMap<>();
  private final NDManager memory = NDManager.newBaseManager("PyTorch");
  private long evaluations;

  /**
   * @param levels whose networks are loaded
   */
  ClipSampler(Candidate candidate, List<String> levels) {
    card = candidate.card();
    for (String level : levels) {
      networks.put(level, candidate.network(level));
    }
  }

  /** The samples of all levels from the base up. */
  List<float[]> clip(String prompt, long seed) throws InterruptedException {
    List<float[]> samples = new ArrayList<>();
    for (Level level : card.levels()) {
      float[] below = samples.isEmpty() ? null : samples.getLast();
      samples.add(whole(level, prompt, seed, below));
    }
    return samples;
  }

  /** A whole sample of one level over that of the level below. */
  float[] whole(Level level, String prompt, long seed, float @Nullable [] below)
      throws InterruptedException {
    long before = nanos();
    long evaluated = evaluations;
    List<float[]> pieces = new ArrayList<>();
    for (Segment segment : level.segments()) {
      pieces.add(segment(level, segment, prompt, seed, below).sample());
    }
    float[] joined = Mosaic.joined(level, pieces);
    Cost cost = new Cost(1, (nanos() - before) / 1e9, evaluations - evaluated);
    costs.merge(level.name(), cost, Cost::plus);
    return joined;
  }

  /**
   * One segment of a level.
   *
   * @param level one of the card's, or the same cut in another way
   * @param below the whole sample of the level below
   */
  Made segment(Level level, Segment segment, String prompt, long seed, float @Nullable [] below)
      throws InterruptedException {
    Cascade cascade = new Cascade(card.with(level), this::counted, card.name());
    List<Integer> words = card.vocabulary().read(prompt).tokens();
    List<float[]> first = new ArrayList<>();
    try (Piece piece = cascade.piece(memory, level, segment, level.sampling(), seed, words, below);
        Waypoint start = piece.start();
        Waypoint end =
            piece.walk(
                start,
                new Observer() {
                  @Override
                  public void seen(Estimate now, int step) {
                    if (first.isEmpty()) {
                      first.add(piece.guess(now));
                    }
                  }
                })) {
      return new Made(piece.sample(end), first.getFirst());
    }
  }

  private Network counted(Level level) {
    Network network = networks.get(level.name());
    if (network == null) {
      throw new IllegalStateException("the network of " + level.name() + " was not loaded");
    }
    return new Network() {
      @Override
      public List<String> ports() {
        return network.ports();
      }

      @Override
      public NDList call(Map<String, NDArray> inputs) {
        NDList answer = network.call(inputs);
        evaluations += answer.head().getShape().get(0);
        return answer;
      }

      @Override
      public void close() {}
    };
  }

  /** What whole samples took so far, by level. */
  Map<String, Cost> costs() {
    return Map.copyOf(costs);
  }

  private static long nanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  @Override
  public void close() {
    networks.values().forEach(Network::close);
    memory.close();
  }
}
