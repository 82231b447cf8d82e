package glimt.bundle;

import glimt.bundle.NetworkSource.Attribute;
import glimt.bundle.NetworkSource.ModuleClass;
import glimt.model.BundleCard;
import glimt.model.Fast;
import glimt.model.Level;
import glimt.model.Port;
import glimt.model.Sampling;
import glimt.model.Schedule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        NetworkSource source = bundle.source(level.network() + ".py");
        compare(source, folder.resolve(level.network() + ".safetensors"));
        ports(folder.resolve(level.network() + ".py"), source, level);
        Fast fast = level.fast();
        if (fast != null) {
          compare(source, folder.resolve(fast.network() + ".safetensors"));
        }
      }
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
    finite(file, "scale", card.scale());
    finite(file, "offset", card.offset());
    for (Level level : card.levels()) {
      String at = "level " + level.name();
      finite(
          file,
          at + ", sigmaData, belowNoise",
          List.of(level.parametrisation().sigmaData(), level.belowNoise()));
      finite(file, at + ", residual", level.residual());
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
    finite(file, at + ", guidance", List.of(sampling.guidance().weight()));
    if (sampling.schedule() instanceof Schedule.Karras(double min, double max, double rho)) {
      finite(file, at + ", sigmaMin, sigmaMax, rho", List.of(min, max, rho));
    }
  }

  private static void finite(Path file, String what, List<Double> numbers) {
    if (!numbers.stream().allMatch(Double::isFinite)) {
      throw new BundleException("%s: %s must be finite, not %s".formatted(file, what, numbers));
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

  private static void compare(NetworkSource source, Path weights) {
    if (!Files.exists(weights)) {
      return; // in several files, whose index was held against the source already
    }
    Map<String, List<Long>> kept = new LinkedHashMap<>();
    Safetensors.map(weights).tensors().forEach((name, tensor) -> kept.put(name, tensor.shape()));
    Set<String> missing = new TreeSet<>();
    Set<String> unused = new TreeSet<>(kept.keySet());
    walk(weights, source, "", source.root(), kept, missing, unused);
    if (!missing.isEmpty()) {
      throw new BundleException(
          "%s has %s of the tensors that its source declares, and not %s"
              .formatted(weights, kept.size() - unused.size(), few(missing)));
    }
    if (!unused.isEmpty()) {
      throw new BundleException(
          "%s has tensors that no module of its source has: %s".formatted(weights, few(unused)));
    }
  }

  private static void walk(
      Path weights,
      NetworkSource source,
      String path,
      ModuleClass type,
      Map<String, List<Long>> kept,
      Set<String> missing,
      Set<String> unused) {
    Map<String, Long> sizes = new HashMap<>();
    for (Attribute attribute : type.attributes()) {
      String name = path + attribute.name();
      switch (attribute.type()) {
        case "Tensor" -> {
          List<Long> shape = kept.get(name);
          if (shape == null) {
            missing.add(name);
          } else {
            unused.remove(name);
            fits(weights, name, attribute.note(), shape, sizes);
          }
        }
        case "int" -> {}
        default ->
            walk(
                weights,
                source,
                name + ".",
                source.moduleClass(attribute.type()),
                kept,
                missing,
                unused);
      }
    }
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

  private static String few(Set<String> names) {
    List<String> first = names.stream().limit(3).toList();
    int more = names.size() - first.size();
    return String.join(", ", first) + (more > 0 ? " and %s more".formatted(more) : "");
  }
}
