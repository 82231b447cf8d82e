package glimt;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The files that make up glimt, as git tracks them. */
final class Repository {
  static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  private Repository() {}

  /** Their paths from the root, including new files that git does not ignore. */
  static List<String> files() {
    try {
      Process git =
          new ProcessBuilder("git", "ls-files", "--cached", "--others", "--exclude-standard")
              .directory(ROOT.toFile())
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      return new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(file -> Files.exists(ROOT.resolve(file)))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("asking git for the files", e);
    }
  }

  static String text(String file) {
    try {
      return Files.readString(ROOT.resolve(file), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException("reading " + file, e);
    }
  }
}
