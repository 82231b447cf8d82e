package glimt.bundle;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A network's readable source: Python classes, each with its attributes first and then its methods,
 * in the subset of the language that TorchScript accepts. The root is the class {@code Network}.
 *
 * <pre>
 *   class Linear(Module):
 *     weight : Tensor  # [m, n] normal gain/sqrt(n)
 *     bias : Tensor    # [m] zero
 *
 *     def forward(self, x: Tensor) -&gt; Tensor:
 *       return torch.linear(x, self.weight, self.bias)
 *
 *   class Network(Module):
 *     precision : int
 *     enter : Linear   # n=96 m=d gain=1
 * </pre>
 *
 * <p>Shared code lives in {@link Blocks}; {@code from blocks.linear import Linear, same} includes
 * the whole block.
 *
 * <p>A root without the attribute {@code precision} is always computed in float32.
 *
 * <p>A tensor's comment gives its shape and its initialisation for training; a module's comment
 * assigns sizes for that module and those nested in it. {@link TorchScript} adds the rest that an
 * archive needs: qualified names, the type of {@code self} and the list of parameters.
 */
public final class NetworkSource {

  /**
   * An attribute of a class.
   *
   * @param type {@code Tensor}, {@code int} or a class of this source
   * @param note the comment that follows it, without the {@code #}
   */
  public record Attribute(String name, String type, String note) {}

  /** A class and its attributes, in the order of the source. */
  public record ModuleClass(String name, List<Attribute> attributes) {
    public ModuleClass {
      attributes = List.copyOf(attributes);
    }
  }

  /** The name of the root class. */
  public static final String ROOT = "Network";

  private static final int DEEPEST = 100;

  private static final Pattern CLASS = Pattern.compile("class (\\w+)\\(Module\\):.*");
  private static final Pattern ATTRIBUTE = Pattern.compile("  (\\w+) *: *(\\w+)\\s*(?:#\\s*(.*))?");
  private static final Pattern METHOD = Pattern.compile("  def (\\w+)\\(self\\b(.*)");
  private static final Pattern FORWARD = Pattern.compile("  def forward\\(self\\b,?([^)]*)\\).*");
  private static final Pattern PORT = Pattern.compile("(\\w+)\\s*:\\s*Tensor");
  private static final Pattern FUNCTION = Pattern.compile("def (\\w+)\\(.*");

  private final String file;
  private final String text;
  private final Map<String, ModuleClass> classes;
  private final Map<String, String> blocks;

  private NetworkSource(
      String file, String text, Map<String, ModuleClass> classes, Map<String, String> blocks) {
    this.file = file;
    this.text = text;
    this.classes = classes;
    this.blocks = blocks;
  }

  /**
   * Parses a source that imports blocks of the library. A byte order mark and CR LF line endings
   * are accepted.
   *
   * @param file the name of the source, for error messages
   * @throws BundleException if the source is invalid; the message names the file and the cause
   */
  public static NetworkSource parse(String file, String text) {
    return parse(file, text, Blocks::text);
  }

  /**
   * Like {@link #parse(String, String)}, with another source of blocks.
   *
   * @param library returns the text of a block by its name
   */
  static NetworkSource parse(String file, String written, UnaryOperator<String> library) {
    String text = written.replace("\uFEFF", "").replace("\r\n", "\n");
    Map<String, String> blocks = Blocks.of(file, text, library);
    StringBuilder whole = new StringBuilder(Blocks.withoutImports(text));
    blocks.values().forEach(block -> whole.append('\n').append(Blocks.withoutImports(block)));
    return parse(file, whole.toString(), blocks);
  }

  private static NetworkSource parse(String file, String text, Map<String, String> blocks) {
    Map<String, ModuleClass> classes = new LinkedHashMap<>();
    Set<String> functions = new HashSet<>();
    String name = "";
    List<Attribute> attributes = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      Matcher start = CLASS.matcher(line);
      Matcher attribute = ATTRIBUTE.matcher(line);
      if (start.matches()) {
        name = start.group(1);
        attributes = new ArrayList<>();
        if (classes.put(name, new ModuleClass(name, attributes)) != null) {
          throw new BundleException(file + " declares class " + name + " twice");
        }
      } else if (attribute.matches() && !name.isEmpty()) {
        String note = attribute.group(3);
        attributes.add(
            new Attribute(
                attribute.group(1), attribute.group(2), note == null ? "" : note.strip()));
        classes.put(name, new ModuleClass(name, attributes));
      } else if (!line.isBlank() && !line.startsWith(" ")) {
        name = "";
        Matcher function = FUNCTION.matcher(line);
        if (function.matches() && !functions.add(function.group(1))) {
          throw new BundleException(file + " declares function " + function.group(1) + " twice");
        }
      }
    }
    NetworkSource source = new NetworkSource(file, text, classes, blocks);
    if (!classes.containsKey(ROOT)) {
      throw new BundleException(file + " declares no class " + ROOT);
    }
    classes
        .values()
        .forEach(
            c ->
                c.attributes.forEach(
                    a -> {
                      if (!a.type.equals("Tensor")
                          && !a.type.equals("int")
                          && !classes.containsKey(a.type)) {
                        throw new BundleException(
                            "%s: attribute %s of class %s has the unknown type %s"
                                .formatted(file, a.name, c.name, a.type));
                      }
                    }));
    return source;
  }

  /**
   * The file names of all blocks that this source imports, directly or through other blocks, and
   * their SHA-256 digests.
   */
  public Map<String, String> pins() {
    Map<String, String> pins = new TreeMap<>();
    blocks.forEach((name, text) -> pins.put(Blocks.file(name), Blocks.sha256(text)));
    return pins;
  }

  /** The class {@value #ROOT}. */
  public ModuleClass root() {
    return moduleClass(ROOT);
  }

  /**
   * A class of this source by its name.
   *
   * @throws IllegalArgumentException if the source declares no such class
   */
  public ModuleClass moduleClass(String name) {
    ModuleClass found = classes.get(name);
    if (found == null) {
      throw new IllegalArgumentException("the source declares no class " + name);
    }
    return found;
  }

  /**
   * The format in which the network computes if a caller asks for {@code wanted}: that one, or
   * float32 if the root declares no {@code precision}, for networks that must be exact everywhere.
   */
  Precision precision(Precision wanted) {
    boolean chosen = root().attributes.stream().anyMatch(a -> a.name.equals("precision"));
    return chosen ? wanted : Precision.FLOAT32;
  }

  /**
   * The ports of the network: the parameters of the root's {@code forward}, in order.
   *
   * @throws BundleException if there is no such method, or one of its parameters is not a tensor
   */
  public List<String> ports() {
    String taken = "";
    String inside = "";
    for (String line : text.split("\n", -1)) {
      Matcher start = CLASS.matcher(line);
      Matcher forward = FORWARD.matcher(line);
      if (start.matches()) {
        inside = start.group(1);
      } else if (inside.equals(ROOT) && forward.matches()) {
        taken = forward.group(1).strip();
      }
    }
    if (taken.isEmpty()) {
      throw new BundleException(
          file + ": class Network needs a method forward with tensor parameters");
    }
    List<String> ports = new ArrayList<>();
    for (String parameter : taken.split("\\s*,\\s*", -1)) {
      Matcher port = PORT.matcher(parameter);
      if (!port.matches()) {
        throw new BundleException(
            "%s: forward of class Network has the parameter %s; every parameter must be NAME: Tensor"
                .formatted(file, parameter));
      }
      ports.add(port.group(1));
    }
    return List.copyOf(ports);
  }

  /**
   * The comments of all tensors of the network by their path through the modules, such as {@code
   * b0.qkv.weight}.
   */
  public Map<String, String> tensors() {
    Map<String, String> paths = new LinkedHashMap<>();
    tensors("", root(), paths);
    return paths;
  }

  private void tensors(String path, ModuleClass type, Map<String, String> paths) {
    if (path.chars().filter(c -> c == '.').count() > DEEPEST) {
      throw new BundleException(
          "class %s of a network source contains itself".formatted(type.name));
    }
    for (Attribute attribute : type.attributes) {
      switch (attribute.type) {
        case "int" -> {}
        case "Tensor" -> paths.put(path + attribute.name, attribute.note);
        default -> tensors(path + attribute.name + ".", moduleClass(attribute.type), paths);
      }
    }
  }

  /**
   * The source in the form an archive needs, with qualified types and calls.
   *
   * @param parameters whether to declare tensors as parameters, so that they can be trained
   * @param more additional methods for the root, already in the form an archive needs
   */
  String qualified(boolean parameters, String more) {
    StringBuilder out = new StringBuilder();
    String inside = "";
    String rest = more;
    for (String line : text.split("\n", -1)) {
      Matcher start = CLASS.matcher(line);
      Matcher attribute = ATTRIBUTE.matcher(line);
      Matcher method = METHOD.matcher(line);
      if (start.matches()) {
        inside = start.group(1);
        out.append(line).append('\n').append(head(moduleClass(inside), parameters));
      } else if (attribute.matches() && !inside.isEmpty()) {
        String type = attribute.group(2);
        out.append("  ").append(attribute.group(1)).append(" : ");
        out.append(classes.containsKey(type) ? "__torch__." + type : type).append('\n');
      } else if (method.matches()) {
        if (inside.equals(ROOT)) {
          out.append(rest);
          rest = "";
        }
        out.append(
            "  def %s(self: __torch__.%s%s\n".formatted(method.group(1), inside, method.group(2)));
      } else {
        if (!line.isBlank() && !line.startsWith(" ")) {
          inside = "";
        }
        out.append(line).append('\n');
      }
    }
    return functionsQualified(out.toString());
  }

  /**
   * The same code for weights that are stored in another format: it converts each when it uses it.
   *
   * @param code as {@link #qualified} returns it
   */
  String converting(String code, Precision precision) {
    StringBuilder out = new StringBuilder();
    ModuleClass inside = null;
    boolean binds = false;
    for (String line : code.split("\n", -1)) {
      Matcher start = CLASS.matcher(line);
      if (start.matches()) {
        inside = moduleClass(start.group(1));
      } else if (line.startsWith("  def ")) {
        binds = line.startsWith("  def bind_");
      }
      out.append(
              inside == null || binds || !line.startsWith("    ")
                  ? line
                  : converting(line, inside, precision))
          .append('\n');
    }
    return out.append(
            // Of a large table only the rows that are looked up are converted.
            """
            def gathered_rows(weight: Tensor, ids: Tensor) -> Tensor:
              return torch.to(torch.embedding(weight, ids), %s)
            """
                .formatted(precision.scalarType))
        .toString();
  }

  private static String converting(String line, ModuleClass inside, Precision precision) {
    String out = line;
    for (Attribute attribute : inside.attributes) {
      if (attribute.type.equals("Tensor")) {
        String weight = "self\\." + attribute.name + "\\b";
        out =
            out.replaceAll("torch\\.embedding\\((?=" + weight + ")", "__torch__.gathered_rows(")
                .replaceAll(
                    "(?<!gathered_rows\\(|torch\\.size\\()" + weight,
                    "torch.to($0, %s)".formatted(precision.scalarType));
      }
    }
    return out;
  }

  private static String head(ModuleClass c, boolean parameters) {
    StringBuilder names = new StringBuilder();
    for (Attribute attribute : c.attributes) {
      if (parameters && attribute.type.equals("Tensor")) {
        names.append('"').append(attribute.name).append("\", ");
      }
    }
    return "  __parameters__ = [%s]\n  __buffers__ = []\n  training : bool\n".formatted(names);
  }

  /** Qualifies calls of functions that are declared outside a class. */
  private static String functionsQualified(String code) {
    String out = code;
    for (String line : code.split("\n", -1)) {
      Matcher function = FUNCTION.matcher(line);
      if (function.matches()) {
        out =
            out.replaceAll(
                "(?<!def )(?<![\\w.])" + function.group(1) + "\\(",
                "__torch__." + function.group(1) + "(");
      }
    }
    return out;
  }
}
