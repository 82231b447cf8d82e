package glimt.training.objects;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.Precision;
import glimt.diffusion.Observer;
import glimt.diffusion.Waypoint;
import glimt.model.BundleCard;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.pipeline.Cascade;
import glimt.pipeline.Mosaic;
import glimt.pipeline.Piece;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Samples clouds as a job's tasks do, one segment after another, to measure them. */
final class CloudWalks implements AutoCloseable {
  private final Cascade cascade;
  private final Map<String, Counted> networks = new HashMap<>();
  private final NDManager memory = NDManager.newBaseManager("PyTorch");

  CloudWalks(Bundle bundle) {
    this(bundle.card(), level -> bundle.network(level.name(), Precision.ofThisProcessor()));
  }

  /**
   * @param load the network of a level; it is closed with this
   */
  CloudWalks(BundleCard card, Function<Level, Network> load) {
    for (Level level : card.levels()) {
      networks.put(level.network(), new Counted(load.apply(level)));
    }
    cascade =
        new Cascade(
            card, level -> Objects.requireNonNull(networks.get(level.network())), card.name());
  }

  /** A network that counts how often it is asked. */
  private static final class Counted implements Network {
    private final Network network;
    private long calls;

    Counted(Network network) {
      this.network = network;
    }

    @Override
    public List<String> ports() {
      return network.ports();
    }

    @Override
    public NDList call(Map<String, NDArray> inputs) {
      calls++;
      return network.call(inputs);
    }

    @Override
    public void close() {
      network.close();
    }
  }

  /** Network evaluations of a level so far; guided ones, which see two rows, count once. */
  long evaluations(Level level) {
    return Objects.requireNonNull(networks.get(level.network())).calls;
  }

  /** The base level, {@code [1024, 6]} in the units of samples. */
  float[] base(String prompt, long seed) throws InterruptedException {
    return whole(cascade.card().levels().getFirst(), prompt, null, seed);
  }

  /** The dense level over a base, {@code [4096, 6]} in the units of samples. */
  float[] dense(String prompt, float[] base, long seed) throws InterruptedException {
    return whole(cascade.card().levels().getLast(), prompt, base, seed);
  }

  private float[] whole(Level level, String prompt, float @Nullable [] below, long seed)
      throws InterruptedException {
    List<Integer> words = cascade.card().vocabulary().read(prompt).tokens();
    List<float[]> pieces = new ArrayList<>();
    for (Segment segment : level.segments()) {
      try (Piece piece =
              cascade.piece(memory, level, segment, level.sampling(), seed, words, below);
          Waypoint start = piece.start();
          Waypoint end = piece.walk(start, Observer.NOBODY)) {
        pieces.add(piece.sample(end));
      }
    }
    return Mosaic.joined(level, pieces);
  }

  @Override
  public void close() {
    networks.values().forEach(Network::close);
    memory.close();
  }
}
