package glimt.safety.c2pa;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.UUID;

/**
 * Makes a signer that nobody vouches for: a root, and a certificate that it signed. The JDK's
 * keytool makes them, since the JDK has no public API that does.
 */
public final class OwnSigner {
  /** The root, for people who want to tell their validator to trust it. */
  private static final String ROOT = "root.pem";

  private static final String DAYS = "7300";

  private OwnSigner() {}

  /**
   * Makes a signer in a folder, unless there is one. Several processes may try at once; all then
   * use that of the first.
   *
   * @throws IOException if it cannot be made or written
   */
  public static void makeIn(Path folder) throws IOException {
    if (Files.exists(folder)) {
      return;
    }
    Path draft =
        Files.createTempDirectory(
            folder.toAbsolutePath().getParent(),
            "signer",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    try {
      make(draft);
      Files.move(draft, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      if (!Files.exists(folder)) {
        throw e;
      }
    } finally {
      remove(draft);
    }
  }

  private static void make(Path folder) throws IOException {
    // Only for the moment in which keytool's file exists.
    String password = UUID.randomUUID().toString();
    Path store = folder.resolve("store.p12");
    keytool(
        store, password, "root", "-ext", "BC:critical=ca:true", "-ext", "KU:critical=keyCertSign");
    keytool(
        store,
        password,
        "farm",
        "-signer",
        "root",
        "-ext",
        "KU:critical=digitalSignature",
        "-ext",
        "EKU=emailProtection");
    try (InputStream in = Files.newInputStream(store)) {
      KeyStore keys = KeyStore.getInstance("PKCS12");
      keys.load(in, password.toCharArray());
      byte[] key = keys.getKey("farm", password.toCharArray()).getEncoded();
      Certificate[] chain = keys.getCertificateChain("farm");
      write(folder.resolve(Signer.KEY), "PRIVATE KEY", key);
      write(folder.resolve(Signer.CHAIN), "CERTIFICATE", chain[0].getEncoded());
      write(folder.resolve(ROOT), "CERTIFICATE", chain[1].getEncoded());
    } catch (GeneralSecurityException e) {
      throw new IOException("keytool's file cannot be read", e);
    } finally {
      Files.deleteIfExists(store);
    }
  }

  private static void keytool(Path store, String password, String alias, String... more)
      throws IOException {
    List<String> command = new ArrayList<>();
    Collections.addAll(
        command,
        Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
        "-genkeypair",
        "-keyalg",
        "Ed25519",
        "-alias",
        alias,
        "-dname",
        "CN=glimt %s, O=glimt".formatted(alias),
        "-validity",
        DAYS,
        "-storetype",
        "PKCS12",
        "-keystore",
        store.toString(),
        "-storepass:env",
        "GLIMT_STORE");
    command.addAll(Arrays.asList(more));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("GLIMT_STORE", password);
    Process process = builder.start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException("keytool failed: " + said.strip());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while keytool ran", e);
    }
  }

  private static void write(Path file, String kind, byte[] encoded) throws IOException {
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Base64.Encoder lines = Base64.getMimeEncoder(64, new byte[] {'\n'});
    Files.writeString(
        file,
        "-----BEGIN %s-----\n%s\n-----END %s-----\n"
            .formatted(kind, lines.encodeToString(encoded), kind));
  }

  private static void remove(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (var files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }
}
