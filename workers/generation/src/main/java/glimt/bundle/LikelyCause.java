package glimt.bundle;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Recognises common accidents to a bundle's files, such as an incomplete download, and suggests the
 * remedy.
 */
final class LikelyCause {
  private static final int LOOK = 1 << 16;

  /**
   * Matches PyTorch's zip archive, or a pickle of protocol 2 to 5. A safetensors file with a short
   * header may begin with the same bytes, but there a brace follows the eight bytes of the header's
   * length.
   */
  private static final Pattern PICKLE = Pattern.compile("(?s)(?!.{8}\\{)(PK|\\x80[\\x02-\\x05])");

  private LikelyCause() {}

  /** The likely cause of an error in a bundle, if one of its files shows a known accident. */
  static Optional<String> in(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(Files::isRegularFile)
          .sorted()
          .flatMap(file -> of(file).map(cause -> file.getFileName() + " " + cause).stream())
          .findFirst();
    } catch (IOException _) {
      return Optional.empty();
    }
  }

  private static Optional<String> of(Path file) {
    byte[] start;
    try (InputStream in = Files.newInputStream(file)) {
      start = in.readNBytes(LOOK);
    } catch (IOException _) {
      return Optional.empty();
    }
    String name = file.getFileName().toString();
    String text = new String(start, StandardCharsets.ISO_8859_1);
    String lower = text.substring(0, Math.min(256, text.length())).toLowerCase(Locale.ROOT);
    if (text.isEmpty()) {
      return Optional.of("is empty: copy or download it again");
    }
    if (text.startsWith("version https://git-lfs.github.com/spec/")) {
      return Optional.of("is a Git LFS pointer: run git lfs pull");
    }
    if (lower.strip().startsWith("<!doctype html") || lower.strip().startsWith("<html")) {
      return Optional.of(
          "is an HTML page, which the server sent in place of the file: download it again");
    }
    if (name.endsWith(".safetensors") && PICKLE.matcher(text).lookingAt()) {
      return Optional.of("is a PyTorch pickle: convert it to safetensors");
    }
    if ((name.endsWith(".py") || name.endsWith(".json")) && text.contains("\r\n")) {
      return Optional.of(
          "has CR LF line endings, which change its digest: set core.autocrlf=false in git,"
              + " or copy the file in binary mode");
    }
    return Optional.empty();
  }
}
