package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Bad bodies at every way to make something: refused as the client's fault, and nothing is made.
 */
@ExtendWith(RealFarm.Given.class)
@Timeout(60)
class ForeignInputTest {
  /** Paths, and the body with the fields of a wish in place of the word. */
  private static final List<List<String>> WAYS =
      List.of(
          List.of("/v1/jobs", "{FIELDS}"),
          List.of("/v1/jobs?dry_run=true", "{FIELDS}"),
          List.of("/v1/videos", "{FIELDS}"),
          List.of("/v1/pointclouds", "{FIELDS}"),
          List.of("/v1/images/generations", "{FIELDS}"),
          List.of("/v1/predictions", "{\"version\":\"glimt/clips\",\"input\":{FIELDS}}"),
          List.of("/v1/models/glimt/clips/predictions", "{\"input\":{FIELDS}}"),
          List.of("/fal/glimt/clips", "{FIELDS}"),
          List.of("/fal/run/glimt/clips", "{FIELDS}"));

  private static final List<String> FIELDS =
      List.of(
          "",
          "\"prompt\":null",
          "\"prompt\":7",
          "\"prompt\":[\"a tree\"]",
          "\"prompt\":\"\"",
          "\"prompt\":\"a \\u0000 tree\"",
          "\"prompt\":\"a tree\",\"frobs\":1",
          "\"prompt\":\"a tree\",\"seed\":-2",
          "\"prompt\":\"a tree\",\"seed\":\"x\"",
          "\"prompt\":\"a tree\",\"seed\":NaN",
          "\"prompt\":\"a tree\",\"prompt\":\"a whale\"",
          "\"prompt\":\"a tree\",",
          "\"prompt\":\"" + "a".repeat(70_000) + "\"");

  private final RealFarm farm;

  ForeignInputTest(RealFarm farm) {
    this.farm = farm;
  }

  static Stream<Arguments> ways() {
    return WAYS.stream()
        .flatMap(
            way ->
                FIELDS.stream()
                    .map(fields -> Arguments.of(way.get(0), way.get(1).replace("FIELDS", fields))));
  }

  @ParameterizedTest(name = "{0} {index}", quoteTextArguments = false)
  @MethodSource("ways")
  void a_bad_wish_is_refused_in_whatever_form_it_comes(String path, String body) {
    String newest = farm.get("/v1/jobs?limit=1").body();
    HttpResponse<String> answer = farm.post(path, body);
    assertThat(answer.statusCode()).as(answer.body()).isIn(400, 413, 422);
    assertThat(answer.body()).doesNotContainPattern("Exception|glimt\\.|java\\.|fasterxml|SELECT");
    assertThat(farm.get("/v1/jobs?limit=1").body()).isEqualTo(newest);
    HttpResponse<String> good = farm.post("/v1/jobs?dry_run=true", "{\"prompt\":\"a tree\"}");
    assertThat(good.statusCode()).as(good.body()).isEqualTo(200);
  }
}
