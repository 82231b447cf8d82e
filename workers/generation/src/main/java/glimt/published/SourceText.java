package glimt.published;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Writes the source of a published network part by part. Parts are separated by two empty lines, as
 * Python separates classes.
 */
final class SourceText {
  private final List<String> parts = new ArrayList<>();

  /**
   * Adds a comment, imports, a class or a function.
   *
   * @param namesAndValues of what stands in braces in the part, such as {@code "heads", 12}
   */
  SourceText add(String part, Object... namesAndValues) {
    parts.add(filled(part, namesAndValues).strip());
    return this;
  }

  /**
   * Adds what the field calls a module list: modules that take a tensor one after the other.
   *
   * @param name of the class
   * @param types the classes of the modules, in order
   * @param given what each of them takes besides the tensor, such as {@code "eps: float"}
   */
  SourceText chain(String name, List<String> types, String... given) {
    String attributes =
        IntStream.range(0, types.size())
            .mapToObj(i -> "  _%s : %s\n".formatted(i, types.get(i)))
            .collect(Collectors.joining());
    String taken =
        Stream.concat(Stream.of("self", "z: Tensor"), Stream.of(given))
            .collect(Collectors.joining(", "));
    String handed =
        Stream.concat(
                Stream.of("z"), Stream.of(given).map(one -> one.substring(0, one.indexOf(':'))))
            .collect(Collectors.joining(", "));
    String calls =
        IntStream.range(0, types.size())
            .mapToObj(i -> "    z = self._%s.forward(%s)\n".formatted(i, handed))
            .collect(Collectors.joining());
    return add(
        """
        class %s(Module):
        %s
          def forward(%s) -> Tensor:
        %s    return z
        """
            .formatted(name, attributes, taken, calls));
  }

  /** A part with its values filled in. */
  static String filled(String part, Object... namesAndValues) {
    String filled = part;
    for (int i = 0; i < namesAndValues.length; i += 2) {
      filled = filled.replace("{" + namesAndValues[i] + "}", namesAndValues[i + 1].toString());
    }
    return filled;
  }

  /** The whole source. */
  String text() {
    return String.join("\n\n\n", parts) + "\n";
  }
}
