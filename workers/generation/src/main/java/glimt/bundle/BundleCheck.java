package glimt.bundle;

import glimt.model.BundleCard;
import glimt.model.Fast;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Sampling;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Whether a bundle's parts fit one another: what is found here costs one line at the start, and
 * later a job. {@link Bundle#open} sees to it that each part is well formed; this compares card,
 * sources and the headers of the weights, whose values it does not read.
 */
public final class BundleCheck {
  private BundleCheck() {}

  /**
   * Opens a bundle that is to be offered.
   *
   * @param samplers the names that a card may give
   * @throws BundleException naming the file, what is wrong with it, and the likely cause
   */
  public static Bundle open(Path folder, Collection<String> samplers) {
    try {
      Bundle bundle = Bundle.open(folder);
      checkCard(folder.resolve(Bundle.CARD), bundle.card(), samplers);
      for (Level level : bundle.card().levels()) {
        ports(folder.resolve(level.network() + ".py"), bundle.sourceOf(level.network()), level);
      }
      bundle.networks().forEach(network -> compareShapes(bundle, folder, network));
      return bundle;
    } catch (BundleException broken) {
      String cause = LikelyCause.in(folder).map(likely -> "; " + likely).orElse("");
      throw new BundleException(broken.getMessage() + cause, broken);
    } catch (RuntimeException broken) {
      throw new BundleException("it cannot be read: " + broken, broken);
    } catch (OutOfMemoryError | StackOverflowError tooMuch) {
      throw new BundleException("it is too large to be read here: " + tooMuch, tooMuch);
    }
  }

  // ---- the card

  static void checkCard(Path file, BundleCard card, Collection<String> samplers) {
    if (!card.name().matches("[\\p{L}\\p{N}][\\p{L}\\p{N} ._-]{0,99}")) {
      throw new BundleException(
          "%s: a name is up to 100 letters, digits, spaces and . _ -, not '%s'"
              .formatted(file, card.name()));
    }
    for (Level level : card.levels()) {
      String at = "level " + level.name();
      sampling(file, at, level.sampling(), samplers);
      Fast fast = level.fast();
      if (fast != null) {
        sampling(file, at + ", fast", fast.sampling(), samplers);
      }
    }
  }

  private static void sampling(
      Path file, String at, Sampling sampling, Collection<String> samplers) {
    if (!samplers.contains(sampling.sampler())) {
      throw new BundleException(
          "%s: %s has the sampler %s, which is none of %s"
              .formatted(file, at, sampling.sampler(), samplers));
    }
  }

  // ---- source and weights

  /** The card feeds what the source takes, and nothing else. */
  private static void ports(Path file, NetworkSource source, Level level) {
    Set<String> taken = new TreeSet<>(source.ports());
    taken.removeAll(Set.of(Network.X, Network.NOISE));
    Set<String> fed = new TreeSet<>(level.ports().stream().map(Port::name).toList());
    if (!taken.equals(fed)) {
      throw new BundleException(
          "%s takes %s besides the sample and its noise, and the card feeds level %s with %s"
              .formatted(file, taken, level.name(), fed));
    }
  }

  /** {@link Bundle#open} has seen that both name the same tensors. */
  private static void compareShapes(Bundle bundle, Path folder, String network) {
    Path weights = folder.resolve(network + ".safetensors");
    Map<String, Safetensors.Tensor> kept = bundle.weights(network).tensors();
    Map<String, Map<String, Long>> sizes = new HashMap<>();
    bundle
        .sourceOf(network)
        .tensors()
        .forEach(
            (path, note) -> {
              String module = path.substring(0, path.lastIndexOf('.') + 1);
              fits(
                  weights,
                  path,
                  note,
                  Objects.requireNonNull(kept.get(path)).shape(),
                  sizes.computeIfAbsent(module, _ -> new HashMap<>()));
            });
  }

  /**
   * Compares a shape with the note of the source, such as {@code [64, d] normal 0.5}: as many
   * extents, numbers as they are, and one size for each name within a module.
   */
  private static void fits(
      Path weights, String name, String note, List<Long> shape, Map<String, Long> sizes) {
    int end = note.indexOf(']');
    if (!note.startsWith("[") || end < 0) {
      return;
    }
    List<String> declared =
        Stream.of(note.substring(1, end).split(",")).map(String::strip).toList();
    boolean fits = declared.size() == shape.size();
    for (int i = 0; fits && i < shape.size(); i++) {
      String extent = declared.get(i);
      Long known =
          extent.matches("\\d{1,9}")
              ? Long.valueOf(extent)
              : extent.matches("\\w+") ? sizes.putIfAbsent(extent, shape.get(i)) : null;
      fits = known == null || known.equals(shape.get(i));
    }
    if (!fits) {
      throw new BundleException(
          "%s: tensor %s has the shape %s, and its source declares %s%s"
              .formatted(weights, name, shape, declared, sizes.isEmpty() ? "" : " with " + sizes));
    }
  }
}
