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
 * The loaded networks of one device. A network is loaded on first use and stays loaded while all of
 * them fit into the memory set aside for weights; otherwise the least recently used network is
 * unloaded. Confined to the device's thread.
 *
 * <p>A handle that {@link #network} returns stays valid until the cache is closed: if its network
 * has been unloaded, the next call loads it again. Two networks that do not fit into memory
 * together can therefore alternate within one walk.
 */
public final class NetworkCache implements AutoCloseable {

  /**
   * The identity of a loaded network.
   *
   * @param bundle the digest of the bundle's card
   * @param network the file stem of the network
   * @param overlay the LoRAs that change it
   */
  public record WarmNetwork(ArtifactId bundle, String network, LoraOverlay overlay) {
    /** A network as it is in its bundle. */
    public WarmNetwork(ArtifactId bundle, String network) {
      this(bundle, network, LoraOverlay.NONE);
    }
  }

  /**
   * The bytes of weights from which on the freed memory of a network's calls is worth giving back
   * when another network is called. To take it again costs the next call some hundredths of a
   * second.
   */
  private static final long LARGE = 1L << 26;

  /** The most networks with LoRAs that stay loaded: those of about two jobs. */
  static final int OVERLAID_LIMIT = 6;

  private record Loaded(Network network, long bytes, @Nullable String weights) {}

  private final Device device;
  private final Precision precision;
  private final long budget;

  /** A snapshot for {@link #weights()}, which other threads call. */
  private volatile List<String> weights = List.of();

  private final LinkedHashMap<WarmNetwork, Loaded> loaded = new LinkedHashMap<>(16, 0.75f, true);

  /** The network that was called last, if it is a large one. */
  private @Nullable WarmNetwork lastLarge;

  /**
   * Creates an empty cache.
   *
   * @param budget the number of bytes of weights that may be loaded at a time, such as {@link
   *     DeviceMemory#forWeights}
   */
  public NetworkCache(Device device, Precision precision, long budget) {
    this.device = device;
    this.precision = precision;
    this.budget = budget;
  }

  /**
   * Verifies the files of a network, loads it if necessary, and returns a handle to it. Closing the
   * handle does nothing.
   *
   * @param network the file stem of the network
   * @throws BundleException if the files no longer match the card
   * @throws DeviceMemoryException if the network is larger than the memory for weights
   */
  public Network network(Bundle bundle, String network) {
    return network(bundle, network, LoraOverlay.NONE);
  }

  /**
   * The same with LoRAs laid over it. It is a network of its own, which shares with others the map
   * of all tensors that no LoRA changes.
   *
   * @param overlay a job's LoRAs, of which those count that change the network
   */
  public Network network(Bundle bundle, String network, LoraOverlay overlay) {
    WarmNetwork key = new WarmNetwork(bundle.digest(), network, overlay.on(network));
    try {
      bundle.verify(network);
    } catch (BundleException changed) {
      letGo(key);
      throw changed;
    }
    load(key, bundle);
    return new Handle(key, bundle);
  }

  /** The networks that are currently loaded, in no particular order. */
  public Set<WarmNetwork> warm() {
    return loaded.keySet().stream().collect(Collectors.toUnmodifiableSet());
  }

  /** The number of bytes of weights that are currently loaded. */
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
      if (!key.overlay().isEmpty()) {
        makeRoomForOverlaid();
      }
      there =
          new Loaded(
              bundle.network(key.network(), key.overlay(), precision, device),
              bytes,
              bundle.card().files().get(key.network() + ".safetensors"));
      loaded.put(key, there);
      changed();
    }
    return there.network;
  }

  /** Whether calls of a loaded network leave much freed memory of the machine behind. */
  private boolean isLarge(WarmNetwork key) {
    return !device.isGpu() && Objects.requireNonNull(loaded.get(key)).bytes >= LARGE;
  }

  private void makeRoomForOverlaid() {
    List<WarmNetwork> overlaid =
        loaded.keySet().stream().filter(one -> !one.overlay().isEmpty()).toList();
    overlaid.stream().limit(Math.max(0, overlaid.size() - OVERLAID_LIMIT + 1)).forEach(this::letGo);
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

  /** The SHA-256 digests of the currently loaded weights. Safe to call from any thread. */
  public List<String> weights() {
    return weights;
  }

  /** Unloads all networks. */
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
      boolean again = key.equals(lastLarge);
      if (lastLarge != null && !again) {
        NativeHeap.giveBack();
      }
      Network network = load(key, bundle);
      lastLarge = isLarge(key) ? key : null;
      if (lastLarge == null || again) {
        return network.call(inputs);
      }
      // A denoiser soon needs again what it frees; encoders and decoders are called but once.
      NativeHeap.map();
      try {
        return network.call(inputs);
      } finally {
        NativeHeap.reuse();
      }
    }

    @Override
    public void close() {}
  }
}
