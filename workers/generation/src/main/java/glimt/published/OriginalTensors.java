package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Origin;
import glimt.bundle.Safetensors;
import glimt.bundle.Safetensors.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The tensors of a single file whose names begin alike, without that beginning.
 *
 * @param file names it in errors
 * @param prefix what all names begin with in the file
 * @param tensors by the rest of their names
 */
record OriginalTensors(String file, String prefix, TreeMap<String, Tensor> tensors) {

  static OriginalTensors of(String file, Safetensors all) {
    return new OriginalTensors(file, "", new TreeMap<>(all.tensors()));
  }

  OriginalTensors below(String more) {
    TreeMap<String, Tensor> found = new TreeMap<>();
    tensors
        .tailMap(more)
        .headMap(more + Character.MAX_VALUE)
        .forEach((name, tensor) -> found.put(name.substring(more.length()), tensor));
    return new OriginalTensors(file, prefix + more, found);
  }

  /** Those whose names do not match. */
  OriginalTensors without(String pattern) {
    Pattern left = Pattern.compile(pattern);
    TreeMap<String, Tensor> others = new TreeMap<>(tensors);
    others.keySet().removeIf(name -> left.matcher(name).matches());
    return new OriginalTensors(file, prefix, others);
  }

  boolean any() {
    return !tensors.isEmpty();
  }

  boolean has(String name) {
    return tensors.containsKey(name);
  }

  /** How many modules are numbered behind a name, as in {@code blocks.0}. */
  int count(String list) {
    int count = 0;
    while (below(list + count + ".").any()) {
      count++;
    }
    return count;
  }

  /**
   * A tensor.
   *
   * @throws BundleException if there is none
   */
  Tensor tensor(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw refused("it has no tensor " + prefix + name);
    }
    return tensor;
  }

  /** A tensor's extents. */
  List<Long> shape(String name) {
    return tensor(name).shape();
  }

  /**
   * Where the tensors are in the file, by their names in diffusers.
   *
   * @param places what diffusers calls each module that is here
   * @throws BundleException naming tensors of other modules
   */
  Map<String, Origin> origins(Map<String, String> places) {
    Map<String, Origin> origins = new HashMap<>();
    Set<String> unknown = new TreeSet<>();
    for (String name : tensors.keySet()) {
      String module = name;
      do {
        module = module.substring(0, Math.max(0, module.lastIndexOf('.')));
      } while (!module.isEmpty() && !places.containsKey(module));
      if (module.isEmpty()) {
        unknown.add(prefix + name);
      } else {
        origins.put(places.get(module) + name.substring(module.length()), Origin.of(prefix + name));
      }
    }
    if (!unknown.isEmpty()) {
      throw refused(
          "it holds tensors that this network has no use for: %s%s"
              .formatted(
                  String.join(", ", unknown.stream().limit(6).toList()),
                  unknown.size() > 6 ? " and %s more".formatted(unknown.size() - 6) : ""));
    }
    return origins;
  }

  /**
   * Checks a size of which the number of groups or heads follows.
   *
   * @throws BundleException if it is none that published models have
   */
  void mustDivide(String what, long size, int... divisors) {
    for (int divisor : divisors) {
      if (size % divisor != 0) {
        throw refused(
            "%s is %s, no multiple of %s as in published models; how many groups and heads there are is not in the file, so give --config FOLDER"
                .formatted(what, size, divisor));
      }
    }
  }

  BundleException refused(String why) {
    return new BundleException(file + ": " + why);
  }
}
