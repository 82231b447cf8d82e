package glimt.bundle;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import glimt.job.ArtifactId;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The networks of one device: each is loaded when it is first asked for, and stays for as long as
 * all of them fit in the memory set aside for weights; else the one that was used least recently
 * goes. Confined to the device's thread.
 *
 * <p>What {@link #network} returns is good for as long as the cache is: if its network has gone
 * meanwhile, the next call loads it again. So two networks that do not fit side by side can take
 * turns within one walk.
 */
public final class NetworkCache implements AutoCloseable {

  /**
   * A network as it is kept.
   *
   * @param bundle the digest of its bundle's card
   */
  public record WarmNetwork(ArtifactId bundle, String network) {}

  private record Loaded(Network network, long bytes, @Nullable String weights) {}

  private final Device device;
  private final Precision precision;
  private final long budget;

  /** For other threads. */
  private volatile List<String> weights = List.of();

  private final LinkedHashMap<WarmNetwork, Loaded> loaded = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * @param budget how many bytes of weights may be loaded at a time, such as {@link
   *     DeviceMemory#forWeights}
   */
  public NetworkCache(Device device, Precision precision, long budget) {
    this.device = device;
    this.precision = precision;
    this.budget = budget;
  }

  /**
   * A network by its stem, loaded, after a look at its files. To close it does nothing.
   *
   * @throws BundleException if its files are not what the card says, any more
   * @throws DeviceMemoryException if it is larger than the memory for weights
   */
  public Network network(Bundle bundle, String network) {
    WarmNetwork key = new WarmNetwork(bundle.digest(), network);
    try {
      bundle.verify(network);
    } catch (BundleException changed) {
      letGo(key);
      throw changed;
    }
    load(key, bundle);
    return new Handle(key, bundle);
  }

  /** The networks that are loaded now, the least recently used first. */
  public Set<WarmNetwork> warm() {
    return loaded.keySet().stream().collect(Collectors.toUnmodifiableSet());
  }

  /** How many bytes of weights are loaded now. */
  public long bytes() {
    return loaded.values().stream().mapToLong(Loaded::bytes).sum();
  }

  private Network load(WarmNetwork key, Bundle bundle) {
    Loaded there = loaded.get(key);
    if (there == null) {
      long bytes = bundle.bytes(key.network(), precision);
      if (bytes > budget) {
        throw new DeviceMemoryException(bundle.card().name() + "/" + key.network(), bytes, budget);
      }
      Iterator<Map.Entry<WarmNetwork, Loaded>> oldest = loaded.entrySet().iterator();
      for (long used = bytes(); used + bytes > budget && oldest.hasNext(); ) {
        Loaded leaving = oldest.next().getValue();
        oldest.remove();
        leaving.network.close();
        used -= leaving.bytes;
      }
      there =
          new Loaded(
              bundle.network(key.network(), precision, device),
              bytes,
              bundle.card().files().get(key.network() + ".safetensors"));
      loaded.put(key, there);
      changed();
    }
    return there.network;
  }

  private void letGo(WarmNetwork key) {
    Loaded leaving = loaded.remove(key);
    if (leaving != null) {
      leaving.network.close();
      changed();
    }
  }

  private void changed() {
    weights = loaded.values().stream().map(Loaded::weights).filter(Objects::nonNull).toList();
  }

  /** The digests of the weights that are loaded now; any thread may ask. */
  public List<String> weights() {
    return weights;
  }

  /** Lets all networks go. */
  @Override
  public void close() {
    loaded.values().forEach(one -> one.network.close());
    loaded.clear();
  }

  private final class Handle implements Network {
    private final WarmNetwork key;
    private final Bundle bundle;

    private Handle(WarmNetwork key, Bundle bundle) {
      this.key = key;
      this.bundle = bundle;
    }

    @Override
    public List<String> ports() {
      return load(key, bundle).ports();
    }

    @Override
    public NDList call(Map<String, NDArray> inputs) {
      return load(key, bundle).call(inputs);
    }

    @Override
    public void close() {}
  }
}
