package glimt.published;

import glimt.bundle.NetworkSource;
import glimt.bundle.Origin;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where the attentions of diffusers' two-dimensional networks are in a file: files of before 2023
 * call their layers {@code query}, {@code key}, {@code value} and {@code proj_attn}, and some hold
 * linear layers as 1 × 1 convolutions.
 */
final class Attention2dNames {
  private static final Map<String, String> OLD =
      Map.of(
          ".to_q.", ".query.",
          ".to_k.", ".key.",
          ".to_v.", ".value.",
          ".to_out.0.", ".proj_attn.");

  private static final Pattern LINEAR =
      Pattern.compile(".*\\.(to_q|to_k|to_v|to_out\\.0|proj_in|proj_out)\\.weight");

  private Attention2dNames() {}

  /**
   * The tensors of a source that are published under another name, or in another shape.
   *
   * @param tensors the published names
   */
  static Map<String, Origin> origins(String source, Set<String> tensors) {
    Map<String, Origin> origins = new HashMap<>();
    for (String path : NetworkSource.parse("network", source).tensors().keySet()) {
      String name = PublishedNetwork.publishedName(path);
      String found = name;
      for (Map.Entry<String, String> old : OLD.entrySet()) {
        String oldName = name.replace(old.getKey(), old.getValue());
        if (!tensors.contains(name) && tensors.contains(oldName)) {
          found = oldName;
        }
      }
      if (LINEAR.matcher(name).matches()) {
        origins.put(path, Origin.matrix(found));
      } else if (!found.equals(name)) {
        origins.put(path, Origin.of(found));
      }
    }
    return origins;
  }
}
