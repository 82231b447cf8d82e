package glimt.training.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.diffusion.Estimate;
import glimt.diffusion.Observer;
import glimt.diffusion.Waypoint;
import glimt.generation.Modalities;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.pipeline.Cascade;
import glimt.pipeline.Cascade.Inherited;
import glimt.pipeline.Mosaic;
import glimt.pipeline.Piece;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Generates samples as jobs do, level by level and segment by segment, and measures the cost. May
 * be used by one thread at a time.
 */
public final class CascadeSampler implements AutoCloseable {

  /** A segment: its sample, and the first estimate of it, after one step. */
  public record SegmentSample(float[] sample, float[] guess) {}

  /** A network that counts its calls and rows. */
  private static final class Counted implements Network {
    private final Network network;
    private long calls;
    private long rows;

    Counted(Network network) {
      this.network = network;
    }

    @Override
    public List<String> ports() {
      return network.ports();
    }

    @Override
    public NDList call(Map<String, NDArray> inputs) {
      NDList answer = network.call(inputs);
      calls++;
      rows += answer.head().getShape().get(0);
      return answer;
    }

    @Override
    public void close() {
      network.close();
    }
  }

  private final Candidate candidate;
  private final BundleCard card;
  private final PromptReading reading;
  private final Map<String, Counted> networks = new HashMap<>();
  private final Map<String, SamplingCost> costs = new HashMap<>();
  private final NDManager memory = NDManager.newBaseManager("PyTorch");

  /** Creates a sampler, which loads networks on first use and closes them with itself. */
  public CascadeSampler(Candidate candidate) {
    this.candidate = candidate;
    this.card = candidate.card();
    this.reading = new PromptReading(candidate);
  }

  /** Generates the samples of all levels from the base up. */
  public List<float[]> all(Prompt<?> prompt) throws InterruptedException {
    List<float[]> samples = new ArrayList<>();
    for (Level level : card.levels()) {
      float[] below = samples.isEmpty() ? null : samples.getLast();
      samples.add(whole(level, prompt, below));
    }
    return samples;
  }

  /**
   * Generates a whole sample of one level.
   *
   * @param below the whole sample of the level below, or null for the base
   */
  public float[] whole(Level level, Prompt<?> prompt, float @Nullable [] below)
      throws InterruptedException {
    Counted network = network(level);
    long calls = network.calls;
    long rows = network.rows;
    long before = nanos();
    List<float[]> pieces = new ArrayList<>();
    for (Segment segment : level.segments()) {
      pieces.add(segment(level, segment, prompt, below).sample());
    }
    float[] joined = Mosaic.of(level).joined(level.segments(), pieces);
    double seconds = (nanos() - before) / 1e9;
    SamplingCost cost = new SamplingCost(1, seconds, network.calls - calls, network.rows - rows);
    costs.merge(level.name(), cost, SamplingCost::plus);
    return joined;
  }

  /**
   * Generates one segment of a level.
   *
   * @param level a level of the card, possibly divided in another way
   * @param below the whole sample of the level below
   */
  public SegmentSample segment(
      Level level, Segment segment, Prompt<?> prompt, float @Nullable [] below)
      throws InterruptedException {
    Cascade cascade =
        new Cascade(card.with(level), Modalities.of(card.kind()), this::network, card.name());
    Inherited inherited = below == null ? null : Inherited.of(under(level), below);
    List<float[]> first = new ArrayList<>();
    try (Piece piece =
            cascade.piece(
                memory,
                level,
                segment,
                level.sampling(),
                prompt.seed(),
                reading.of(level, prompt.text()),
                inherited,
                null,
                null);
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
      return new SegmentSample(piece.sample(end), first.getFirst());
    }
  }

  private Level under(Level level) {
    return card.levels().get(card.levels().indexOf(card.level(level.name())) - 1);
  }

  private Counted network(Level level) {
    return networks.computeIfAbsent(level.name(), name -> new Counted(candidate.network(name)));
  }

  /** The cost of whole samples so far, by the name of the level. */
  Map<String, SamplingCost> costs() {
    return Map.copyOf(costs);
  }

  private static long nanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  @Override
  public void close() {
    networks.values().forEach(Network::close);
    reading.close();
    memory.close();
  }
}
