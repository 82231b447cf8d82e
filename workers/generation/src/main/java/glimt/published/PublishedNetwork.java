package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.NetworkSource;
import glimt.bundle.Origin;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A published network as glimt runs it: a readable source for the sizes of its configuration, and
 * where that source's tensors are among the published ones.
 *
 * <p>A source names modules as the field does, and numbered ones with an underscore, since a name
 * cannot begin with a digit: {@code down_blocks._0.resnets._1.conv1.weight} is the published {@code
 * down_blocks.0.resnets.1.conv1.weight}. Only other differences need an {@link Origin}.
 *
 * @param source its text, as {@link NetworkSource} reads it
 * @param origins by the path in the source, of tensors that are published under another name, in
 *     another shape, or as rows of a larger one
 * @param unused published tensors that the source does without, such as {@code .*position_ids}
 */
public record PublishedNetwork(String source, Map<String, Origin> origins, Pattern unused) {
  private static final Pattern NUMBERED = Pattern.compile("(^|\\.)_(\\d)");

  /** Matches no tensor. */
  public static final Pattern NONE = Pattern.compile("(?!)");

  public PublishedNetwork {
    origins = Map.copyOf(origins);
  }

  /** A network all of whose tensors are published under the names of its source. */
  public PublishedNetwork(String source) {
    this(source, Map.of(), NONE);
  }

  /** Where a tensor of the source is. */
  public Origin origin(String path) {
    Origin other = origins.get(path);
    return other == null ? Origin.of(publishedName(path)) : other;
  }

  /** What the field calls the tensor at a path of a source. */
  public static String publishedName(String path) {
    return NUMBERED.matcher(path).replaceAll("$1$2");
  }

  /**
   * The published tensors by the paths of the source; their values stay where they are.
   *
   * @param file names the weights in errors
   * @throws BundleException naming tensors that are missing, of another type or shape, or of no use
   */
  public Safetensors weights(String file, Safetensors published) {
    Map<String, Tensor> found = new LinkedHashMap<>();
    Set<String> missing = new TreeSet<>();
    Set<String> left = new TreeSet<>(published.tensors().keySet());
    for (String path : NetworkSource.parse(file, source).tensors().keySet()) {
      Origin origin = origin(path);
      Tensor tensor = published.tensors().get(origin.tensor());
      left.remove(origin.tensor());
      if (tensor == null) {
        missing.add(origin.tensor());
      } else if (!tensor.dtype().isFraction()) {
        throw new BundleException(
            "%s: tensor %s is of type %s, where a network's weights are F32, F16 or BF16"
                .formatted(file, origin.tensor(), tensor.dtype()));
      } else {
        found.put(path, origin.of(tensor));
      }
    }
    left.removeIf(name -> unused.matcher(name).matches());
    if (!missing.isEmpty()) {
      throw new BundleException(
          "%s lacks tensors of its configuration: %s".formatted(file, few(missing)));
    }
    if (!left.isEmpty()) {
      throw new BundleException(
          "%s holds tensors that its configuration has no use for: %s".formatted(file, few(left)));
    }
    return new Safetensors(found);
  }

  private static String few(Set<String> names) {
    String some = String.join(", ", names.stream().limit(6).toList());
    return names.size() <= 6 ? some : "%s and %s more".formatted(some, names.size() - 6);
  }
}
