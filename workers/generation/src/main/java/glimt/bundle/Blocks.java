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
 * The blocks that network sources share, each a readable source of its own in the folder {@code
 * blocks} beside this class: {@code from blocks.linear import Linear, same}.
 *
 * <p>A block that was released never changes, since bundles are made of it: an improved one is a
 * new file with a new name. A card pins the blocks of its networks like every other file, and a
 * bundle that holds a copy of its own, {@code blocks/linear.py}, is made of that.
 */
final class Blocks {
  /** Where blocks are, in a bundle and in its card. */
  static final String FOLDER = "blocks/";

  static final List<String> NAMES =
      List.of(
          "activations",
          "attention",
          "attention2d",
          "convolution",
          "embedders",
          "embedding",
          "heads",
          "linear",
          "ltx",
          "ltx_codec",
          "mood",
          "norm",
          "norms",
          "patches",
          "places",
          "plain_norm",
          "plain_rms_norm",
          "points",
          "projection",
          "prompt",
          "residual",
          "rotary",
          "t5",
          "temporal",
          "timestep",
          "transformer2d",
          "wan",
          "wan_codec",
          "waves");

  private static final Pattern IMPORT =
      Pattern.compile("from blocks\\.(\\w+) import (\\w+(?: *, *\\w+)*)\\s*(?:#.*)?");
  private static final Pattern FILE = Pattern.compile("blocks/(\\w+)\\.py");

  private Blocks() {}

  /** The file of a block, as a card names it. */
  static String file(String name) {
    return FOLDER + name + ".py";
  }

  static boolean isOne(String file) {
    return FILE.matcher(file).matches();
  }

  /** The name of the block in a file. */
  static String name(String file) {
    return FILE.matcher(file).replaceFirst("$1");
  }

  /**
   * The text of a block of the library.
   *
   * @throws BundleException if there is none of this name
   */
  static String text(String name) {
    if (!NAMES.contains(name)) {
      throw new BundleException("there is no block %s among %s".formatted(name, NAMES));
    }
    try (InputStream in = Blocks.class.getResourceAsStream(file(name))) {
      if (in == null) {
        throw new IllegalStateException("the block " + name + " is not on the class path");
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
   * The blocks that a source takes in, also by way of others: their texts by their names.
   *
   * @param file the source, for errors
   * @param library gives the text of a block by its name
   * @throws BundleException if an import is not understood, or asks for what is not there
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
            "%s: '%s' is not understood; write 'from blocks.NAME import A, B'"
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
          throw new BundleException("%s: block %s has no %s".formatted(file, name, wanted));
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

  /** The text of a source or block without what it takes in. */
  static String withoutImports(String text) {
    return text.lines().filter(line -> !isImport(line)).collect(Collectors.joining("\n", "", "\n"));
  }
}
