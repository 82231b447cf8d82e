package glimt.deploy.chaos;

import glimt.deploy.node.DeployException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A small file system in memory that can be filled up. Needs root. */
final class Tmpfs implements AutoCloseable {
  private static final int BLOCK = 64 * 1024;

  private final Path folder;
  private final Path filler;

  private Tmpfs(Path folder) {
    this.folder = folder;
    this.filler = folder.resolve("filler");
  }

  /** Whether this process may mount one. Tries it in a mount namespace of its own. */
  static boolean isPossible() {
    return Shell.succeeds(
        List.of("unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/tmp"));
  }

  static Tmpfs mount(Path folder, int megabytes) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new DeployException("cannot create the folder " + folder, e);
    }
    Shell.run(
        List.of(
            "mount",
            "-t",
            "tmpfs",
            "-o",
            "size=" + megabytes + "m,mode=755",
            "tmpfs",
            folder.toString()));
    return new Tmpfs(folder);
  }

  /** Leaves no byte free. */
  void fill() {
    byte[] block = new byte[BLOCK];
    try (OutputStream out = Files.newOutputStream(filler)) {
      // Ends with an exception when the file system is full.
      while (true) {
        out.write(block);
      }
    } catch (IOException full) {
      // Expected.
    }
  }

  void free() {
    try {
      Files.deleteIfExists(filler);
    } catch (IOException e) {
      throw new DeployException("cannot remove " + filler, e);
    }
  }

  @Override
  public void close() {
    // A lazy unmount, because processes that are ending may still have files open.
    Shell.run(List.of("umount", "-l", folder.toString()));
  }
}
