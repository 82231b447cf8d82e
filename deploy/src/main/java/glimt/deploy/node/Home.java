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
 * The folder that holds all files of a farm. At most one farm runs on it at a time.
 *
 * <pre>
 *   postgres/   the embedded database                   lock      locked by the farm that runs here
 *   artifacts/  samples, media, checkpoints             address   URL of that farm's gateway
 *   models/     the user's bundles, a folder each       logs/     of the farm and each worker
 *   cache/      unpacked programs
 * </pre>
 */
public record Home(Path folder) {

  /**
   * Opens a home, and creates it if it does not exist.
   *
   * @throws DeployException if it cannot be created or written
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
          "the home %s cannot be written (%s); choose another with --home or GLIMT_HOME"
              .formatted(folder, reason(e)),
          e);
    }
  }

  /** The folder of the embedded database. */
  public Path database() {
    return folder.resolve("postgres");
  }

  /** The folder of the artifacts, which may not exist yet. */
  public Path artifacts() {
    return folder.resolve("artifacts");
  }

  /** Creates the folder of the artifacts and returns it. */
  public Path makeArtifacts() {
    try {
      return Files.createDirectories(artifacts());
    } catch (IOException e) {
      throw new DeployException("the home %s cannot be written".formatted(folder), e);
    }
  }

  /** The folder of the user's bundles. */
  public Path models() {
    return folder.resolve("models");
  }

  /** The folders of all bundles: those that come with glimt, then those of this home. */
  public List<Path> bundles() {
    return bundles(Optional.empty());
  }

  /**
   * The folders of all bundles, including those in another folder.
   *
   * @param shelf a folder with more bundles, a folder each
   * @throws DeployException if a folder of bundles cannot be read
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

  /** The folder of unpacked programs, which may be deleted at any time. */
  public Path cache() {
    return folder.resolve("cache");
  }

  /** The folder of the logs. */
  public Path logs() {
    return folder.resolve("logs");
  }

  /** The lock of a home; it is released at the latest when the process ends, in whatever way. */
  public record Lock(Home home, FileChannel channel, FileLock lock) implements AutoCloseable {

    /** Writes down the URL of this farm's gateway, for commands on the same home. */
    public void announce(URI address) {
      try {
        Path draft = home.folder.resolve("address.new");
        Files.writeString(draft, address + "\n");
        Files.move(draft, home.addressFile(), StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException e) {
        throw new IllegalStateException("a move within one folder must be atomic", e);
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
        throw new DeployException("the lock of %s cannot be released".formatted(home.folder), e);
      }
    }
  }

  /** Locks the home; empty if a farm runs on it already. */
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
      // A farm that was killed leaves it behind.
      Files.deleteIfExists(addressFile());
      return Optional.of(new Lock(this, channel, lock));
    } catch (IOException e) {
      throw new DeployException("the home %s cannot be locked".formatted(folder), e);
    }
  }

  /** The URL of the gateway of the farm that runs here; empty while it starts. */
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
