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
 * A file that a person names for the result, written as other programs write theirs: through a
 * link, into a pipe or a device, with the mode that the umask or the file there gives it. A file is
 * there whole or as it was; only where its folder takes no other file is it written in place.
 *
 * @param path what the name stands for, links followed
 */
public record OutputFile(Path path, boolean inPlace) {
  private static final int LINKS = 40;

  @FunctionalInterface
  interface OutputWriter {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Finds out whether it can be written, before anything is made for it.
   *
   * @throws DeployException if it cannot
   */
  static OutputFile at(Path named) {
    Path path = followed(named.toAbsolutePath());
    Path folder = path.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new DeployException("the folder %s does not exist".formatted(folder));
    }
    boolean isThere = Files.exists(path);
    if (Files.isDirectory(path) || !Files.isWritable(isThere ? path : folder)) {
      throw new DeployException("%s cannot be written".formatted(path));
    }
    boolean inPlace = isThere && !(Files.isRegularFile(path) && Files.isWritable(folder));
    return new OutputFile(path, inPlace);
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

  /** Also a link to a file that is not there yet. A pipe or a device is not looked for. */
  private static Path followed(Path named) {
    Path path = named;
    try {
      for (int links = 0; isLinkToFile(path); links++) {
        if (links == LINKS) {
          throw new DeployException("%s is a link without an end".formatted(named));
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
