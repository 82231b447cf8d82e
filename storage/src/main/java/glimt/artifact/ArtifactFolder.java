package glimt.artifact;

import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.storage.StorageException;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Stores artifacts as files in one folder, which processes on several machines may share. An
 * artifact lies at {@code ab/cd/abcd…}. Each file is written under a temporary name, synced, and
 * then moved to its final name.
 */
public final class ArtifactFolder implements Artifacts {
  private static final int BUFFER = 1 << 16;
  private static final String DAMAGED = "is damaged: the SHA-256 of its bytes is not its name";
  private static final Pattern NAME = Pattern.compile("[0-9a-f]{64}");

  /** The largest number of entries in {@link #whole}. */
  private static final int REMEMBERED = 4096;

  private final Path root;
  private final Path incoming;

  /**
   * The modification times of the files that were verified, so that they need not be read again.
   */
  private final Map<ArtifactId, FileTime> whole =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<ArtifactId, FileTime> eldest) {
          return size() > REMEMBERED;
        }
      };

  /** The folders whose own names this process has synced; nothing removes a folder. */
  private final Set<Path> lasting = ConcurrentHashMap.newKeySet();

  /** Uses a folder, which the first {@link #put} creates. */
  public ArtifactFolder(Path root) {
    this.root = root.toAbsolutePath().normalize();
    this.incoming = this.root.resolve("incoming");
  }

  @Override
  public Artifact put(String mediaType, Content content) {
    Path written = incoming.resolve(UUID.randomUUID().toString());
    try {
      Files.createDirectories(incoming);
      try {
        Artifact artifact = write(written, mediaType, content);
        // This may replace a file of that name, which either has the same bytes or is damaged.
        Path folder = Files.createDirectories(folder(artifact.id()));
        Files.move(written, path(artifact.id()), StandardCopyOption.ATOMIC_MOVE);
        sync(folder);
        // Another process may have made the folders and died before it synced them.
        if (!lasting.contains(folder)) {
          sync(folder.resolve(".."));
          sync(root);
          lasting.add(folder);
        }
        return artifact;
      } finally {
        Files.deleteIfExists(written);
      }
    } catch (IOException e) {
      throw new StorageException("write an artifact of type " + mediaType, e);
    }
  }

  /** Returns the path of an artifact's file, whether or not it exists. */
  public Path path(ArtifactId id) {
    return folder(id).resolve(id.sha256());
  }

  private Path folder(ArtifactId id) {
    String name = id.sha256();
    return root.resolve(name.substring(0, 2)).resolve(name.substring(2, 4));
  }

  @Override
  public InputStream open(ArtifactId id) {
    InputStream bytes;
    try {
      bytes = Files.newInputStream(path(id));
    } catch (IOException e) {
      throw unreadable(id, e);
    }
    MessageDigest digest = sha256();
    return new DigestInputStream(bytes, digest) {
      private boolean compared;

      @Override
      public int read() throws IOException {
        return compareAtEnd(super.read());
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        return compareAtEnd(super.read(into, offset, length));
      }

      private int compareAtEnd(int read) {
        if (read == -1 && !compared) {
          compared = true;
          compare(id, digest);
        }
        return read;
      }
    };
  }

  /** Verifies the file on the first call, and again when its modification time has changed. */
  @Override
  public Path file(ArtifactId id) {
    Path file = path(id);
    try {
      FileTime written = Files.getLastModifiedTime(file);
      synchronized (whole) {
        if (written.equals(whole.get(id))) {
          return file;
        }
      }
      if (!verify(id)) {
        throw new DamagedArtifact(id, DAMAGED);
      }
      synchronized (whole) {
        whole.put(id, written);
      }
      return file;
    } catch (IOException e) {
      throw unreadable(id, e);
    }
  }

  private static void compare(ArtifactId id, MessageDigest digest) {
    if (!HexFormat.of().formatHex(digest.digest()).equals(id.sha256())) {
      throw new DamagedArtifact(id, DAMAGED);
    }
  }

  /**
   * A missing file means a lost artifact only if the store's folder is there. Otherwise the folder
   * is probably not mounted, and making artifacts again would not help.
   */
  private StorageException unreadable(ArtifactId id, IOException e) {
    return e instanceof NoSuchFileException && Files.isDirectory(incoming)
        ? new DamagedArtifact(id, "is missing")
        : new StorageException("read artifact " + id, e);
  }

  // ---- cleaning up

  @Override
  public List<ArtifactId> old(int shelf, Duration age) {
    Path top = root.resolve(HexFormat.of().toHexDigits((byte) shelf));
    if (!Files.isDirectory(top)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(top, 2)) {
      Instant before = now().minus(age);
      List<ArtifactId> old = new ArrayList<>();
      for (Path file : files.filter(file -> NAME.matcher(name(file)).matches()).toList()) {
        if (isOlder(file, before)) {
          old.add(new ArtifactId(name(file)));
        }
      }
      return old;
    } catch (IOException | UncheckedIOException e) {
      throw new StorageException("look for old artifacts", e);
    }
  }

  @Override
  public boolean remove(ArtifactId id, Duration age) {
    Path aside = incoming.resolve(UUID.randomUUID().toString());
    try {
      Instant before = now().minus(age);
      // Moving it first closes the gap between check and deletion, in which a put may replace it.
      Files.move(path(id), aside, StandardCopyOption.ATOMIC_MOVE);
      if (isOlder(aside, before)) {
        Files.delete(aside);
        return true;
      }
      Files.move(aside, path(id), StandardCopyOption.ATOMIC_MOVE);
      return false;
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new StorageException("remove artifact " + id, e);
    }
  }

  @Override
  public int removeHalfWritten(Duration age) {
    if (!Files.isDirectory(incoming)) {
      return 0;
    }
    int removed = 0;
    try (Stream<Path> files = Files.list(incoming)) {
      Instant before = now().minus(age);
      for (Path file : files.toList()) {
        if (isOlder(file, before) && Files.deleteIfExists(file)) {
          removed++;
        }
      }
      return removed;
    } catch (IOException e) {
      throw new StorageException("remove incomplete artifact files", e);
    }
  }

  /** Returns the file system's time, since this machine's clock may differ from it. */
  private Instant now() throws IOException {
    Files.createDirectories(incoming);
    Path probe = Files.createTempFile(incoming, "now", "");
    try {
      return Files.getLastModifiedTime(probe).toInstant();
    } finally {
      Files.delete(probe);
    }
  }

  private static boolean isOlder(Path file, Instant before) throws IOException {
    try {
      return Files.getLastModifiedTime(file).toInstant().isBefore(before);
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private static String name(Path file) {
    return file.getFileName().toString();
  }

  private static Artifact write(Path file, String mediaType, Content content) throws IOException {
    MessageDigest digest = sha256();
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      OutputStream sink = new DigestOutputStream(Channels.newOutputStream(channel), digest);
      OutputStream out = new BufferedOutputStream(new StaysOpen(sink), BUFFER);
      content.writeTo(out);
      out.flush();
      channel.force(true);
      ArtifactId id = new ArtifactId(HexFormat.of().formatHex(digest.digest()));
      return new Artifact(id, mediaType, channel.size());
    }
  }

  private static void sync(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder)) {
      channel.force(true);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Ignores the close of writers, because the file is still to be synced after them. */
  private static final class StaysOpen extends FilterOutputStream {
    StaysOpen(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
