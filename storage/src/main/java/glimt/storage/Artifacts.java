package glimt.storage;

import glimt.job.Artifact;
import glimt.job.ArtifactId;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;

/**
 * Immutable files under one folder, each named by the SHA-256 of what is in it: {@code
 * ab/cd/abcd…}. Once {@code put} returns, the file is whole and survives a crash of the machine;
 * until then nobody sees it. Any number of processes may share the folder.
 */
public final class Artifacts {
  private static final int BUFFER = 1 << 16;

  /** Writes an artifact's bytes. */
  @FunctionalInterface
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  private final Path root;

  public Artifacts(Path root) {
    this.root = root.toAbsolutePath().normalize();
  }

  public Artifact put(String mediaType, byte[] bytes) {
    return put(mediaType, out -> out.write(bytes));
  }

  /** Copies a file in. */
  public Artifact put(String mediaType, Path file) {
    return put(mediaType, out -> Files.copy(file, out));
  }

  /**
   * @throws StorageException if it could not be written, say for want of room; nothing is left of
   *     it
   */
  public Artifact put(String mediaType, Content content) {
    Path incoming = root.resolve("incoming").resolve(UUID.randomUUID().toString());
    try {
      Files.createDirectories(incoming.getParent());
      try {
        Artifact artifact = write(incoming, mediaType, content);
        // Over a file of that name, if there is one: it has the same bytes, or was damaged.
        Path folder = Files.createDirectories(folder(artifact.id()));
        Files.move(incoming, path(artifact.id()), StandardCopyOption.ATOMIC_MOVE);
        // All of them, since another process may have made the folders and not come this far.
        sync(folder);
        sync(folder.resolve(".."));
        sync(root);
        return artifact;
      } finally {
        Files.deleteIfExists(incoming);
      }
    } catch (IOException e) {
      throw new StorageException("write an artifact of type " + mediaType, e);
    }
  }

  /** Where an artifact lies, or would lie. */
  public Path path(ArtifactId id) {
    return folder(id).resolve(id.sha256());
  }

  private Path folder(ArtifactId id) {
    String name = id.sha256();
    return root.resolve(name.substring(0, 2)).resolve(name.substring(2, 4));
  }

  /**
   * @throws StorageException if it is not there
   */
  public InputStream open(ArtifactId id) {
    try {
      return Files.newInputStream(path(id));
    } catch (IOException e) {
      throw new StorageException("open artifact " + id, e);
    }
  }

  /**
   * All its bytes, and no others.
   *
   * @throws StorageException if it is not there, or damaged
   */
  public byte[] read(ArtifactId id) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(path(id));
    } catch (IOException e) {
      throw new StorageException("read artifact " + id, e);
    }
    if (!HexFormat.of().formatHex(sha256().digest(bytes)).equals(id.sha256())) {
      throw new StorageException("read artifact " + id + ": its bytes are not those of its name");
    }
    return bytes;
  }

  /** Whether it is there, with the very bytes that its name stands for. */
  public boolean verify(ArtifactId id) {
    MessageDigest digest = sha256();
    try (InputStream in = Files.newInputStream(path(id));
        OutputStream out = new DigestOutputStream(OutputStream.nullOutputStream(), digest)) {
      in.transferTo(out);
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new StorageException("verify artifact " + id, e);
    }
    return HexFormat.of().formatHex(digest.digest()).equals(id.sha256());
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

  /** Content may close what it writes to, as many writers do; the file is synced after that. */
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
