package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.ArtifactId;
import glimt.job.TenantId;
import glimt.ledger.ApiKeys;
import glimt.ledger.ApiKeys.Scope;
import glimt.ledger.Tenants;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Files that are sent to an address of their own, on a farm that requires keys. */
@ExtendWith(RealFarm.Given.class)
@Timeout(60)
class QueueUploadsTest {
  private static final TenantId STUDIO = new TenantId("studio");

  private final RealFarm farm;
  private final ApiKeys keys;
  private Gateway gateway;
  private URI uri;
  private ApiKeys.NewKey mine;
  private ApiKeys.NewKey theirs;

  QueueUploadsTest(RealFarm farm) {
    this.farm = farm;
    this.keys = new ApiKeys(farm.database);
  }

  @BeforeEach
  void open() {
    new Tenants(farm.database).set(STUDIO, null, null);
    mine = keys.create(TenantId.DEFAULT, Set.of(Scope.values()), null, "");
    theirs = keys.create(STUDIO, Set.of(Scope.SUBMIT, Scope.READ), null, "");
    Gateway.Address keyed =
        new Gateway.Address("127.0.0.1", 0, Optional.empty(), List.of(), Set.of(), true);
    gateway = new Gateway(keyed, farm.parts(farm.jobs));
    uri = gateway.start();
  }

  @AfterEach
  void close() {
    gateway.close();
    keys.revoke(mine.key().id());
    keys.revoke(theirs.key().id());
  }

  private HttpResponse<String> post(String path, ApiKeys.@Nullable NewKey key, String json) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri.resolve(path)).header("Content-Type", "application/json");
    if (key != null) {
      request.header("Authorization", "Key " + key.secret());
    }
    return farm.send(request.POST(BodyPublishers.ofString(json)).build());
  }

  private URI address() {
    HttpResponse<String> answer =
        post(QueueUploads.INITIATE, mine, "{\"content_type\":\"image/png\",\"file_name\":\"a\"}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    farm.contract().allows("initiateUpload", answer);
    JsonNode said = RealFarm.json(answer);
    assertThat(said.get("file_url")).isEqualTo(said.get("upload_url"));
    return URI.create(said.get("upload_url").textValue());
  }

  private HttpResponse<String> put(URI address, String type, byte[] bytes) {
    HttpResponse<String> answer =
        farm.send(
            HttpRequest.newBuilder(address)
                .header("Content-Type", type)
                .PUT(BodyPublishers.ofByteArray(bytes))
                .build());
    farm.contract().allows("receiveUpload", answer);
    return answer;
  }

  private static byte[] picture() throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(5, 4, BufferedImage.TYPE_INT_RGB), "png", png);
    return png.toByteArray();
  }

  private String refusal(ApiKeys.NewKey key, URI address) {
    HttpResponse<String> answer =
        post(
            "/fal/glimt/clips",
            key,
            "{\"prompt\":\"a whale\",\"image_url\":\"%s\"}".formatted(address));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(422);
    return answer.body();
  }

  @Test
  void a_file_needs_a_key_for_its_address_and_none_to_be_sent_there_once() throws Exception {
    assertThat(post(QueueUploads.INITIATE, null, "{\"content_type\":\"image/png\"}").statusCode())
        .isEqualTo(401);
    URI address = address();
    assertThat(refusal(mine, address)).contains("image_url", "has not come");
    assertThat(put(address, "image/png", picture()).statusCode()).isEqualTo(200);
    assertThat(put(address, "image/png", picture()).statusCode()).as("again").isEqualTo(404);
    assertThat(farm.artifacts.verify(digest(picture()))).isTrue();
    assertThat(refusal(mine, address)).contains("does not go with clips");
    assertThat(refusal(theirs, address)).as("of another tenant").contains("has not come");
  }

  private static ArtifactId digest(byte[] bytes) throws Exception {
    return new ArtifactId(
        HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
  }

  @Test
  void what_is_no_picture_is_refused_and_may_be_sent_again() throws Exception {
    URI address = address();
    byte[] words = "no picture".getBytes(StandardCharsets.UTF_8);
    assertThat(put(address, "image/png", words).statusCode()).isEqualTo(400);
    assertThat(put(address, "text/plain", words).statusCode()).isEqualTo(415);
    byte[] large = new byte[InputImages.LIMIT + 1];
    assertThat(put(address, "image/png", large).statusCode()).isEqualTo(413);
    assertThat(put(address, "application/octet-stream", picture()).statusCode()).isEqualTo(200);
    HttpResponse<String> answer =
        post(QueueUploads.INITIATE, mine, "{\"content_type\":\"text/html\"}");
    assertThat(answer.statusCode()).isEqualTo(422);
    assertThat(answer.body()).contains("content_type", "image/png", "video/mp4");
  }

  @Test
  void an_address_ends_with_its_time_and_with_its_key() throws Exception {
    URI late = address();
    try (Connection connection =
            DriverManager.getConnection(
                farm.postgres.url(), farm.postgres.user(), farm.postgres.password());
        PreparedStatement statement =
            connection.prepareStatement("UPDATE upload SET expires = clock_timestamp()")) {
      assertThat(statement.executeUpdate()).isPositive();
    }
    assertThat(put(late, "image/png", picture()).statusCode()).isEqualTo(404);
    URI revoked = address();
    keys.revoke(mine.key().id());
    assertThat(put(revoked, "image/png", picture()).statusCode()).isEqualTo(404);
    URI unknown = uri.resolve("/fal/storage/uploads/" + "a".repeat(43));
    assertThat(put(unknown, "image/png", picture()).statusCode()).isEqualTo(404);
  }
}
