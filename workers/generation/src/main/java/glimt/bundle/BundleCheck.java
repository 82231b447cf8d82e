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
 * Checks that the parts of a bundle fit together, so that a mismatch is reported when the worker
 * starts and not when a job fails. {@link Bundle#open} checks that each part is well formed; this
 * class compares the card, the sources and the headers of the weights. It does not read the
 * weights' values.
 */
public final class BundleCheck {
  private BundleCheck() {}

  /**
   * Opens and checks a bundle before a worker offers it to the farm.
   *
   * @param samplers the sampler names that a card may use
   * @throws BundleException if a check fails; the message names the file, the mismatch and the
   *     likely cause
   */
  public static Bundle open(Path folder, Collection<String> samplers) {
    try {
      Bundle bundle = Bundle.open(folder);
      checkCard(folder.resolve(Bundle.CARD), bundle.card(), samplers);
      for (Level level : bundle.card().levels()) {
        ports(folder.resolve(level.network() + ".py"), bundle.sourceOf(level.network()), level);
        if (level.expert() != null) {
          String expert = level.expert().network();
          ports(folder.resolve(expert + ".py"), bundle.sourceOf(expert), level);
        }
      }
      bundle.networks().forEach(network -> compareShapes(bundle, folder, network));
      return bundle;
    } catch (BundleException broken) {
      String cause = LikelyCause.in(folder).map(likely -> "; " + likely).orElse("");
      throw new BundleException(broken.getMessage() + cause, broken);
    } catch (RuntimeException broken) {
      throw new BundleException("the bundle cannot be read: " + broken, broken);
    } catch (OutOfMemoryError | StackOverflowError tooMuch) {
      throw new BundleException(
          "the bundle is too large for this process to read: " + tooMuch, tooMuch);
    }
  }

  // ---- the card

  static void checkCard(Path file, BundleCard card, Collection<String> samplers) {
    if (!card.name().matches("[\\p{L}\\p{N}][\\p{L}\\p{N} ._-]{0,99}")) {
      throw new BundleException(
          "%s: the name '%s' is not valid; use up to 100 letters, digits, spaces and . _ -, beginning with a letter or digit"
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
          "%s: %s has the sampler %s, which is not one of %s"
              .formatted(file, at, sampling.sampler(), samplers));
    }
  }

  // ---- source and weights

  /** Checks that the card feeds exactly the ports that the source declares. */
  private static void ports(Path file, NetworkSource source, Level level) {
    Set<String> taken = new TreeSet<>(source.ports());
    taken.removeAll(Set.of(Network.X, Network.NOISE));
    Set<String> fed = new TreeSet<>(level.ports().stream().map(Port::name).toList());
    if (!taken.equals(fed)) {
      throw new BundleException(
          "%s declares the ports %s besides the sample and its noise level, but the card feeds level %s with %s"
              .formatted(file, taken, level.name(), fed));
    }
  }

  /**
   * Compares the shapes of the weights with the source; {@link Bundle#open} has already checked
   * that both name the same tensors.
   */
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
   * Compares a shape with the source's note, such as {@code [64, d] normal 0.5}: the ranks must be
   * equal, numbers must match exactly, and a name must stand for the same size throughout a module.
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
          "%s: tensor %s has the shape %s, but its source declares %s%s"
              .formatted(weights, name, shape, declared, sizes.isEmpty() ? "" : " with " + sizes));
    }
  }
}
