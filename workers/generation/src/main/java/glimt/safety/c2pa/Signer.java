package glimt.safety.c2pa;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/**
 * A key and the certificates that say whose it is.
 *
 * @param key an Ed25519 key: its signatures are a function of what is signed
 * @param chain the certificate of the key, and those above it, without the root
 */
public record Signer(PrivateKey key, List<X509Certificate> chain) {
  static final String KEY = "key.pem";
  static final String CHAIN = "chain.pem";

  public Signer {
    chain = List.copyOf(chain);
  }

  /**
   * Reads a signer.
   *
   * @param folder with {@code key.pem} (PKCS#8, not encrypted) and {@code chain.pem}
   * @throws IOException if a file cannot be read, or is not what C2PA demands; says why
   */
  public static Signer of(Path folder) throws IOException {
    PrivateKey key = key(folder.resolve(KEY));
    Path file = folder.resolve(CHAIN);
    List<X509Certificate> chain;
    try {
      chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(file)))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
    } catch (GeneralSecurityException e) {
      throw new IOException("%s holds no certificates in PEM".formatted(file), e);
    }
    if (chain.isEmpty()) {
      throw new IOException("%s holds no certificates in PEM".formatted(file));
    }
    try {
      check(chain.getFirst(), file);
      checkPair(key, chain.getFirst(), folder);
    } catch (GeneralSecurityException e) {
      throw new IOException("%s does not fit %s".formatted(KEY, file), e);
    }
    return new Signer(key, chain);
  }

  /** The SHA-256 of the certificate that it signs with, in hex. */
  public String certificate() {
    return digest(chain.getFirst());
  }

  /** The SHA-256 of a certificate in DER, in hex. */
  static String digest(X509Certificate certificate) {
    try {
      byte[] digest = Binding.digest(Binding.ALGORITHM).digest(certificate.getEncoded());
      return HexFormat.of().formatHex(digest);
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read has no DER form", e);
    }
  }

  private static PrivateKey key(Path file) throws IOException {
    String pem = Files.readString(file, StandardCharsets.US_ASCII);
    String begin = "-----BEGIN PRIVATE KEY-----";
    int from = pem.indexOf(begin);
    int to = pem.indexOf("-----END PRIVATE KEY-----");
    if (from < 0 || to < from) {
      throw new IOException(
          "%s must hold a PRIVATE KEY in PEM (PKCS#8, not encrypted)".formatted(file));
    }
    try {
      byte[] encoded = Base64.getMimeDecoder().decode(pem.substring(from + begin.length(), to));
      return KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(encoded));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(
          "%s must be an Ed25519 key: signatures of other kinds differ each time, and a lost file could not be made again"
              .formatted(file),
          e);
    }
  }

  /** Checks what the C2PA specification demands of a certificate that signs claims. */
  private static void check(X509Certificate certificate, Path file)
      throws IOException, GeneralSecurityException {
    boolean[] usage = certificate.getKeyUsage();
    if (usage == null || !usage[0]) {
      throw new IOException(
          "the first certificate of %s must allow digital signatures".formatted(file));
    }
    if (certificate.getExtendedKeyUsage() == null) {
      throw new IOException(
          "the first certificate of %s must have an extended key usage, such as emailProtection"
              .formatted(file));
    }
    if (certificate.getIssuerX500Principal().equals(certificate.getSubjectX500Principal())) {
      throw new IOException(
          "the first certificate of %s must not be signed by itself".formatted(file));
    }
  }

  private static void checkPair(PrivateKey key, X509Certificate certificate, Path folder)
      throws IOException, GeneralSecurityException {
    byte[] probe = certificate.getEncoded();
    Signature signature = Signature.getInstance("Ed25519");
    signature.initSign(key);
    signature.update(probe);
    byte[] signed = signature.sign();
    signature.initVerify(certificate.getPublicKey());
    signature.update(probe);
    if (!signature.verify(signed)) {
      throw new IOException(
          "%s in %s is not the key of the first certificate in %s".formatted(KEY, folder, CHAIN));
    }
  }
}
