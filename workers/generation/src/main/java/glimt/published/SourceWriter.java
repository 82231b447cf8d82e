package glimt.published;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Writes the source of a network class by class, from the innermost to the root. A class is written
 * once however often the network holds it: what has the same text has the same name.
 *
 * <pre>{@code
 * String resnet = writer.module("Resnet", "Two convolutions.")
 *     .has("conv1", "Conv2d")
 *     .does("return self.conv1.forward(z, 1, 1)")
 *     .forward("z: Tensor", "Tensor");
 * }</pre>
 */
final class SourceWriter {
  /** What blocks offer to sources, and which block it stands in. */
  private static final Map<String, String> BLOCKS =
      Map.ofEntries(
          Map.entry("Attention2d", "attention2d"),
          Map.entry("BareAttention2d", "attention2d"),
          Map.entry("as_tokens", "attention2d"),
          Map.entry("as_picture", "attention2d"),
          Map.entry("BasicTransformerBlock", "transformer2d"),
          Map.entry("AddedConv2d", "bands"),
          Map.entry("BandedConv2d", "bands"),
          Map.entry("Conv2d", "convolution"),
          Map.entry("Embedding", "embedding"),
          Map.entry("GroupNorm", "norms"),
          Map.entry("LayerNorm", "norms"),
          Map.entry("Linear", "linear"),
          Map.entry("PointBlock", "points"),
          Map.entry("PointMlp", "points"),
          Map.entry("Projection", "projection"),
          Map.entry("TemporalConvLayer", "temporal"),
          Map.entry("TransformerTemporal", "temporal"),
          Map.entry("attend", "heads"),
          Map.entry("same", "linear"),
          Map.entry("split", "heads"),
          Map.entry("place_waves", "places"),
          Map.entry("plain_norm", "plain_norm"),
          Map.entry("quick_gelu", "activations"),
          Map.entry("time_waves", "time_waves"));

  private final Map<String, String> namesByText = new LinkedHashMap<>();
  private final Map<String, String> classes = new LinkedHashMap<>();

  /**
   * Begins a class.
   *
   * @param name as the field calls it; a number is added where the name is taken
   * @param about what the comment above it says, in lines
   */
  Module module(String name, String about) {
    return new Module(name, about);
  }

  /**
   * The whole source, outermost class first.
   *
   * @param about the comment at its head
   */
  String text(String about) {
    StringBuilder body = new StringBuilder();
    for (String name : new ArrayList<>(classes.keySet()).reversed()) {
      body.append("\n\n").append(classes.get(name));
    }
    Map<String, Set<String>> taken = new TreeMap<>();
    BLOCKS.forEach(
        (name, block) -> {
          if (Pattern.compile("(?<![.\\w])" + name + "\\b(?!:)").matcher(body).find()) {
            taken.computeIfAbsent(block, _ -> new TreeSet<>()).add(name);
          }
        });
    StringBuilder source = new StringBuilder(commented(about)).append('\n');
    taken.forEach(
        (block, names) ->
            source
                .append("from blocks.%s import %s".formatted(block, String.join(", ", names)))
                .append('\n'));
    return source.append(body).toString();
  }

  /** A number as the source writes it: {@code 1.0e-5}. */
  static String number(double value) {
    return Double.toString(value).toLowerCase(Locale.ROOT);
  }

  /** Whether something holds, as the source writes it. */
  static String truth(boolean value) {
    return value ? "True" : "False";
  }

  private static String commented(String about) {
    StringBuilder lines = new StringBuilder();
    about.strip().lines().forEach(line -> lines.append(("# " + line).strip()).append('\n'));
    return lines.toString();
  }

  private String named(String wanted, String about, String body) {
    return namesByText.computeIfAbsent(
        wanted + body,
        _ -> {
          String name = wanted;
          for (int i = 2; classes.containsKey(name) || BLOCKS.containsKey(name); i++) {
            name = wanted + "_" + i;
          }
          String comment = about.isEmpty() ? "" : commented(about);
          classes.put(name, comment + "class " + name + "(Module):\n" + body);
          return name;
        });
  }

  /** {@code down_blocks} becomes {@code DownBlocks}. */
  private static String className(String attribute) {
    return Pattern.compile("(?:^|_)(.)")
        .matcher(attribute)
        .replaceAll(start -> start.group(1).toUpperCase(Locale.ROOT));
  }

  /** A class that is being written. */
  final class Module {
    private final String name;
    private final String about;
    private final StringBuilder attributes = new StringBuilder();
    private final List<String> lines = new ArrayList<>();

    private Module(String name, String about) {
      this.name = name;
      this.about = about;
    }

    /** An attribute: a part, or a tensor whose note may follow its type. */
    Module has(String attribute, String type) {
      attributes.append("  %s : %s".formatted(attribute, type)).append('\n');
      return this;
    }

    /** A list of parts, which are numbered {@code _0}, {@code _1} ...; none are left out. */
    Module hasList(String attribute, List<String> types) {
      if (types.isEmpty()) {
        return this;
      }
      StringBuilder items = new StringBuilder();
      for (int i = 0; i < types.size(); i++) {
        items.append("  _%s : %s".formatted(i, types.get(i))).append('\n');
      }
      return has(attribute, named(className(attribute), "", items.toString()));
    }

    /** A line of the method, with values put in where it has {@code %s}. */
    Module does(String line, Object... values) {
      StringBuilder filled = new StringBuilder(line);
      for (int at = 0, i = 0; i < values.length; i++) {
        String value = String.valueOf(values[i]);
        at = filled.indexOf("%s", at);
        filled.replace(at, at + 2, value);
        at += value.length();
      }
      lines.add(filled.toString());
      return this;
    }

    /**
     * Ends the class with its method.
     *
     * @return the name under which others hold it
     */
    String forward(String parameters, String answer) {
      StringBuilder body = new StringBuilder(attributes);
      if (!lines.isEmpty()) {
        body.append("\n  def forward(self, %s) -> %s:".formatted(parameters, answer)).append('\n');
        lines.forEach(line -> body.append("    ").append(line).append('\n'));
      }
      return named(name, about, body.toString());
    }
  }
}
