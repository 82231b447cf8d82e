package glimt.postgres;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL's programs, unpacked into a folder, and the user that they run as. PostgreSQL refuses
 * to run as root. If this process is root, the programs run in a user namespace without a mapping,
 * in which they do not see uid 0 while root keeps the files; where namespaces are forbidden, they
 * run as the user nobody, who becomes the owner of the files.
 *
 * @param folder the folder into which the programs are unpacked
 * @param prefix the words before each command, such as {@code unshare -U}
 * @param owner the numeric id of the user who must own the files that the programs write; null if
 *     that is the user of this process
 */
record PostgresPrograms(Path folder, List<String> prefix, @Nullable Integer owner) {
  private static final String ARCHIVE = "/postgres-linux-x86_64.txz";
  private static final int NOBODY = 65534;
  private static final int LINES_TOLD = 8;
  private static final Pattern ERROR = Pattern.compile(".*(?:FATAL|PANIC|error): +(.*)");

  /** The characters that a shell interprets between double quotes. */
  private static final Pattern SHELL = Pattern.compile("[$`\"\\\\\n]");

  /** Unpacks the programs unless the folder exists. Several processes may do so concurrently. */
  static PostgresPrograms in(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      Path incoming = Files.createTempDirectory(folder.getParent(), "postgres-incoming");
      try {
        unpack(incoming);
        incoming.toFile().setExecutable(true, false);
        incoming.toFile().setReadable(true, false);
        if (!Files.isDirectory(folder)) {
          Files.move(incoming, folder, StandardCopyOption.ATOMIC_MOVE);
        }
      } finally {
        delete(incoming);
      }
    }
    if (!Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
      return new PostgresPrograms(folder, List.of(), null);
    }
    if (succeeds(List.of("unshare", "-U", "true"))) {
      return new PostgresPrograms(folder, List.of("unshare", "-U"), null);
    }
    return new PostgresPrograms(
        folder,
        List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups"),
        NOBODY);
  }

  /**
   * Prepares to start a program without a shell. Of the user's environment only {@code PATH} is
   * passed on, because PostgreSQL takes defaults from other variables.
   */
  ProcessBuilder process(String program, List<String> arguments) {
    List<String> command = new ArrayList<>(prefix);
    command.add(folder.resolve("bin").resolve(program).toString());
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().retainAll(Set.of("PATH"));
    builder.environment().putAll(Map.of("LC_ALL", "C", "TZ", "UTC"));
    return builder;
  }

  /**
   * Runs {@code initdb}. It passes its own path to a shell in double quotes, so if that path has
   * characters that a shell interprets, a copy of it runs from a temporary folder.
   *
   * @throws IOException if it fails; the message has its errors or last lines
   */
  void initdb(List<String> arguments) throws IOException {
    if (!SHELL.matcher(folder.toString()).find()) {
      run("initdb", arguments);
      return;
    }
    Path plain = Files.createTempDirectory("glimt-initdb").toRealPath();
    try {
      if (SHELL.matcher(plain.toString()).find()) {
        throw new IOException(
            "initdb cannot run from %s or from the temporary folder %s, because both paths contain one of $, `, \", \\ or a line break; choose another home or java.io.tmpdir"
                .formatted(folder, plain.getParent()));
      }
      // initdb resolves links to find its own path, so it is copied; what it starts may be linked.
      Files.createDirectory(plain.resolve("bin"));
      Files.copy(
          folder.resolve("bin/initdb"),
          plain.resolve("bin/initdb"),
          StandardCopyOption.COPY_ATTRIBUTES);
      for (String linked : List.of("bin/postgres", "lib", "share")) {
        Files.createSymbolicLink(plain.resolve(linked), folder.resolve(linked));
      }
      give(plain);
      new PostgresPrograms(plain, prefix, owner).run("initdb", arguments);
    } finally {
      delete(plain);
    }
  }

  /** Makes the user of the programs the owner of a file, or of a folder and everything in it. */
  void give(Path path) throws IOException {
    if (owner == null) {
      return;
    }
    Files.walkFileTree(
        path,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path at, BasicFileAttributes attributes)
              throws IOException {
            Files.setAttribute(at, "unix:uid", owner);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path at, BasicFileAttributes attributes)
              throws IOException {
            Files.setAttribute(at, "unix:uid", owner, LinkOption.NOFOLLOW_LINKS);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Returns whether the user of the programs can write to a folder. */
  boolean reach(Path path) {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(List.of("test", "-w", path.toString()));
    return succeeds(command);
  }

  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path at, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(at);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path at, @Nullable IOException failure)
              throws IOException {
            Files.delete(at);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void unpack(Path folder) throws IOException {
    Map<Path, Path> links = new TreeMap<>();
    try (InputStream in = PostgresPrograms.class.getResourceAsStream(ARCHIVE)) {
      if (in == null) {
        throw new IOException(
            "the class path has no PostgreSQL binaries for Linux on x86-64: " + ARCHIVE);
      }
      TarArchiveInputStream tar =
          new TarArchiveInputStream(new XZCompressorInputStream(new BufferedInputStream(in)));
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path path = folder.resolve(entry.getName()).normalize();
        if (!path.startsWith(folder)) {
          throw new IOException(
              "the archive %s has an entry outside of its folder: %s"
                  .formatted(ARCHIVE, entry.getName()));
        }
        if (entry.isDirectory()) {
          Files.createDirectories(path);
        } else if (entry.isSymbolicLink()) {
          links.put(path, Path.of(entry.getLinkName()));
        } else {
          Files.createDirectories(path.getParent());
          Files.copy(tar, path);
          if ((entry.getMode() & 0111) != 0 && !path.toFile().setExecutable(true, false)) {
            throw new IOException("could not make %s executable".formatted(path));
          }
        }
      }
    }
    for (Map.Entry<Path, Path> link : links.entrySet()) {
      Files.createSymbolicLink(link.getKey(), link.getValue());
    }
  }

  /**
   * Runs a program to its end.
   *
   * @throws IOException if it fails; the message has its errors or last lines
   */
  void run(String program, List<String> arguments) throws IOException {
    Process process = process(program, arguments).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (status(process) != 0) {
      throw new IOException(program + " failed: " + told(said));
    }
  }

  /** Extracts from a failed program's output its errors or, if there are none, its last lines. */
  static String told(String said) {
    List<String> errors =
        said.lines()
            .map(ERROR::matcher)
            .filter(Matcher::matches)
            .map(error -> error.group(1))
            .distinct()
            .toList();
    List<String> lines = errors.isEmpty() ? said.lines().toList() : errors;
    return String.join("; ", lines.subList(Math.max(0, lines.size() - LINES_TOLD), lines.size()));
  }

  private static boolean succeeds(List<String> command) {
    try {
      return status(
              new ProcessBuilder(command)
                  .redirectErrorStream(true)
                  .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                  .start())
          == 0;
    } catch (IOException _) {
      // The program is not installed.
      return false;
    }
  }

  private static int status(Process process) throws InterruptedIOException {
    try {
      return process.waitFor();
    } catch (InterruptedException _) {
      process.destroy();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for a program to end");
    }
  }
}
