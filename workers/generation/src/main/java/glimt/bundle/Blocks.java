package glimt.bundle;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The library of source blocks that network sources import, such as {@code from blocks.linear
 * import Linear, same}. Each block is a readable source file in the resource folder {@code blocks}
 * next to this class.
 *
 * <p>A released block never changes, because existing bundles depend on its digest: an improved
 * block is a new file with a new name. A card pins the blocks of its networks like every other
 * file. If a bundle contains its own copy, such as {@code blocks/linear.py}, glimt uses that copy.
 */
final class Blocks {
  /** The folder of the blocks, both in a bundle and in the file names of its card. */
  static final String FOLDER = "blocks/";

  static final List<String> NAMES =
      List.of(
          "activations",
          "attention",
          "attention2d",
          "bands",
          "convolution",
          "embedders",
          "embedding",
          "heads",
          "linear",
          "ltx",
          "ltx_codec",
          "ltx_noise",
          "mood",
          "norm",
          "norms",
          "patches",
          "picture_codec",
          "places",
          "plain_norm",
          "plain_rms_norm",
          "points",
          "projection",
          "prompt",
          "residual",
          "rotary",
          "sentence",
          "t5",
          "temporal",
          "time_waves",
          "timestep",
          "transformer2d",
          "wan",
          "wan_codec",
          "waves");

  private static final Pattern IMPORT =
      Pattern.compile("from blocks\\.(\\w+) import (\\w+(?: *, *\\w+)*)\\s*(?:#.*)?");
  private static final Pattern FILE = Pattern.compile("blocks/(\\w+)\\.py");

  private Blocks() {}

  /** The file name of a block, as a card lists it. */
  static String file(String name) {
    return FOLDER + name + ".py";
  }

  static boolean isOne(String file) {
    return FILE.matcher(file).matches();
  }

  /** The block name for such a file name. */
  static String name(String file) {
    return FILE.matcher(file).replaceFirst("$1");
  }

  /**
   * Reads the text of a library block.
   *
   * @throws BundleException if the library has no block of this name
   */
  static String text(String name) {
    if (!NAMES.contains(name)) {
      throw new BundleException("there is no block %s; the library has %s".formatted(name, NAMES));
    }
    try (InputStream in = Blocks.class.getResourceAsStream(file(name))) {
      if (in == null) {
        throw new IllegalStateException(
            "the resource of block " + name + " is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException broken) {
      throw new BundleException("cannot read the block " + name + ": " + broken, broken);
    }
  }

  static String sha256(String text) {
    return Bundle.sha256(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Collects the blocks that a source imports, directly or through other blocks.
   *
   * @param file the name of the source, for error messages
   * @param library returns the text of a block by its name
   * @return the text of each block by its name
   * @throws BundleException if an import cannot be parsed, or names a block or a declaration that
   *     does not exist
   */
  static Map<String, String> of(String file, String text, UnaryOperator<String> library) {
    Map<String, String> taken = new LinkedHashMap<>();
    take(file, text, library, taken);
    return taken;
  }

  private static void take(
      String file, String text, UnaryOperator<String> library, Map<String, String> taken) {
    for (String line : text.split("\n", -1)) {
      if (!isImport(line)) {
        continue;
      }
      Matcher asked = IMPORT.matcher(line);
      if (!asked.matches()) {
        throw new BundleException(
            "%s: cannot parse the import '%s'; write 'from blocks.NAME import A, B'"
                .formatted(file, line.strip()));
      }
      String name = asked.group(1);
      String block = taken.get(name);
      if (block == null) {
        block = library.apply(name);
        taken.put(name, block);
        take(file(name), block, library, taken);
      }
      for (String wanted : asked.group(2).split(" *, *", -1)) {
        if (!declares(block, wanted)) {
          throw new BundleException(
              "%s: block %s declares no class or function %s".formatted(file, name, wanted));
        }
      }
    }
  }

  private static boolean declares(String block, String name) {
    return Pattern.compile("^(class|def) " + name + "\\(", Pattern.MULTILINE).matcher(block).find();
  }

  private static boolean isImport(String line) {
    return line.startsWith("from ") || line.startsWith("import ");
  }

  /** The text of a source or block without its import lines. */
  static String withoutImports(String text) {
    return text.lines().filter(line -> !isImport(line)).collect(Collectors.joining("\n", "", "\n"));
  }
}
