package glimt.deploy.command;

import glimt.deploy.node.DeployException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * The file that a command writes its result to. It behaves as other programs' output does: it
 * follows links, writes to pipes and devices, and keeps the mode of an existing file. The file is
 * replaced atomically; only if its folder is not writable, or it is a pipe or a device, is it
 * written in place.
 *
 * @param path the file itself, with links resolved
 * @param inPlace whether the existing file is overwritten instead of replaced
 */
public record OutputFile(Path path, boolean inPlace) {
  private static final int LINKS = 40;

  /** Writes the content of the file. */
  @FunctionalInterface
  interface OutputWriter {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Checks that a file can be written, so that a job is not submitted in vain.
   *
   * @throws DeployException if it cannot be written
   */
  static OutputFile at(Path named) {
    Path path = followed(named.toAbsolutePath());
    Path folder = path.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new DeployException("the folder %s does not exist; create it first".formatted(folder));
    }
    boolean isThere = Files.exists(path);
    if (Files.isDirectory(path) || !Files.isWritable(isThere ? path : folder)) {
      throw new DeployException(
          "%s cannot be written: it is a folder, or you have no permission".formatted(path));
    }
    boolean inPlace = isThere && !(Files.isRegularFile(path) && Files.isWritable(folder));
    return new OutputFile(path, inPlace);
  }

  /** Whether it is a pipe or a device, beside which nothing can lie. */
  boolean isDevice() {
    return Files.exists(path) && !Files.isRegularFile(path);
  }

  void write(OutputWriter content) throws IOException {
    if (inPlace) {
      try (OutputStream out =
          Files.newOutputStream(
              path, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
        content.writeTo(out);
      }
      return;
    }
    Path draft = path.resolveSibling(".glimt-" + UUID.randomUUID() + ".part");
    try {
      try (OutputStream out = Files.newOutputStream(draft, StandardOpenOption.CREATE_NEW)) {
        content.writeTo(out);
      }
      if (Files.exists(path)) {
        Files.setPosixFilePermissions(draft, Files.getPosixFilePermissions(path));
      }
      Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(draft);
    }
  }

  /** Resolves links, also to a file that does not exist yet, but not links to pipes and devices. */
  private static Path followed(Path named) {
    Path path = named;
    try {
      for (int links = 0; isLinkToFile(path); links++) {
        if (links == LINKS) {
          throw new DeployException("%s is a link that leads to itself".formatted(named));
        }
        path = path.resolveSibling(Files.readSymbolicLink(path));
      }
    } catch (IOException e) {
      throw new DeployException("the link %s cannot be read".formatted(path), e);
    }
    return path;
  }

  private static boolean isLinkToFile(Path path) {
    return Files.isSymbolicLink(path) && (Files.isRegularFile(path) || !Files.exists(path));
  }
}
