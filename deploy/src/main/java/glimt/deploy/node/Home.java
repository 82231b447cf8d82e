package glimt.deploy.node;

import glimt.bundle.Bundle;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folder that holds all that a farm keeps, and at most one farm at a time.
 *
 * <pre>
 *   postgres/   the database, where it is our own       lock      held by the farm that runs here
 *   artifacts/  samples, media, checkpoints             address   where it answers
 *   models/     more bundles, a folder each             logs/     of the farm and each worker
 *   cache/      programs unpacked
 * </pre>
 */
public record Home(Path folder) {

  /**
   * Finds or makes the folder.
   *
   * @throws DeployException if it cannot be made or written
   */
  public static Home open(Path path) {
    Path folder = path.toAbsolutePath().normalize();
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(folder);
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      }
      Files.delete(Files.createTempFile(folder, "try", null));
      Home home = new Home(folder);
      Files.createDirectories(home.models());
      Files.createDirectories(home.logs());
      return home;
    } catch (IOException | UnsupportedOperationException e) {
      throw new DeployException(
          "the home %s cannot be written (%s); give another with --home or GLIMT_HOME"
              .formatted(folder, reason(e)),
          e);
    }
  }

  public Path database() {
    return folder.resolve("postgres");
  }

  public Path artifacts() {
    return folder.resolve("artifacts");
  }

  /** The folder of the artifacts of a farm that has no other. */
  public Path makeArtifacts() {
    try {
      return Files.createDirectories(artifacts());
    } catch (IOException e) {
      throw new DeployException("the home %s cannot be written".formatted(folder), e);
    }
  }

  public Path models() {
    return folder.resolve("models");
  }

  /** Every folder that holds a bundle: the ones that came with glimt, then this home's own. */
  public List<Path> bundles() {
    return bundles(Optional.empty());
  }

  /**
   * @param shelf a folder with more of them
   */
  public List<Path> bundles(Optional<Path> shelf) {
    String packaged = System.getProperty("glimt.models", "");
    List<Path> shelves =
        new ArrayList<>(
            packaged.isEmpty() ? List.of(models()) : List.of(Path.of(packaged), models()));
    shelf.ifPresent(shelves::add);
    return shelves.stream().flatMap(Home::bundlesOn).toList();
  }

  private static Stream<Path> bundlesOn(Path shelf) {
    try (Stream<Path> folders = Files.list(shelf)) {
      return folders
          .filter(folder -> !folder.getFileName().toString().startsWith(".")) // in the making
          .filter(folder -> Files.exists(folder.resolve(Bundle.CARD)))
          .sorted()
          .toList()
          .stream();
    } catch (IOException e) {
      throw new DeployException("the bundles in %s cannot be read".formatted(shelf), e);
    }
  }

  /** What can be made again at any time. */
  public Path cache() {
    return folder.resolve("cache");
  }

  public Path logs() {
    return folder.resolve("logs");
  }

  /** The right to run a farm here; it ends with the process, however that ends. */
  public record Lock(Home home, FileChannel channel, FileLock lock) implements AutoCloseable {

    /** Tells everybody where this farm answers. */
    public void announce(URI address) {
      try {
        Path draft = home.folder.resolve("address.new");
        Files.writeString(draft, address + "\n");
        Files.move(draft, home.addressFile(), StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException e) {
        throw new IllegalStateException("one folder is on one file system", e);
      } catch (IOException e) {
        throw new DeployException("the home %s cannot be written".formatted(home.folder), e);
      }
    }

    @Override
    public void close() {
      try (channel) {
        Files.deleteIfExists(home.addressFile());
        lock.release();
      } catch (IOException e) {
        throw new DeployException("the lock of %s cannot be given back".formatted(home.folder), e);
      }
    }
  }

  /** Empty if a farm runs here already. */
  public Optional<Lock> lock() {
    try {
      FileChannel channel =
          FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      if (lock == null) {
        channel.close();
        return Optional.empty();
      }
      // What a killed farm left behind.
      Files.deleteIfExists(addressFile());
      return Optional.of(new Lock(this, channel, lock));
    } catch (IOException e) {
      throw new DeployException("the home %s cannot be locked".formatted(folder), e);
    }
  }

  /** Where the farm that holds the lock answers; empty while it starts. */
  public Optional<URI> address() {
    try {
      return Optional.of(URI.create(Files.readString(addressFile()).strip()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new DeployException("the home %s cannot be read".formatted(folder), e);
    }
  }

  private Path addressFile() {
    return folder.resolve("address");
  }

  private static String reason(Exception e) {
    return e.getClass().getSimpleName().replaceAll("Exception$", "") + ": " + e.getMessage();
  }
}
