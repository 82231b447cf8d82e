package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.ArtifactId;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealFarm.Given.class)
class DownloadTest {
  private final RealFarm farm;

  /** One finished job for all tests, as none of them changes it. */
  private final String finished;

  DownloadTest(RealFarm farm) {
    this.farm = farm;
    this.finished = farm.finishedWhale();
  }

  @Test
  void a_level_is_served_whole_with_its_digest_its_type_and_a_name() {
    HttpResponse<String> answer = farm.get(finished);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(header(answer, "Content-Type")).isEqualTo("video/mp4");
    assertThat(header(answer, "Content-Length")).isEqualTo("" + answer.body().length());
    assertThat(header(answer, "Content-Disposition"))
        .isEqualTo("inline; filename=\"a-whale-moves-left-base.mp4\"");
    assertThat(header(answer, "X-Content-Type-Options")).isEqualTo("nosniff");
    String digest = header(answer, "ETag").replace("\"", "");
    String byDigest = finished.replace("/base", "/" + digest);
    assertThat(farm.get(byDigest).body()).isEqualTo(answer.body());
  }

  @Test
  void who_has_it_is_told_so() {
    String tag = header(farm.get(finished), "ETag");
    for (String known : new String[] {tag, "*", "\"other\", " + tag, "W/" + tag}) {
      HttpResponse<String> again = ask("If-None-Match", known);
      assertThat(again.statusCode()).isEqualTo(304);
      assertThat(again.body()).isEmpty();
    }
    assertThat(ask("If-None-Match", "\"other\"").statusCode()).isEqualTo(200);
  }

  @Test
  void who_wants_another_than_there_is_is_told_so() {
    String tag = header(farm.get(finished), "ETag");
    for (String wanted : new String[] {tag, "*", "\"other\", " + tag}) {
      assertThat(ask("If-Match", wanted).statusCode()).as(wanted).isEqualTo(200);
    }
    for (String wanted : new String[] {"\"other\"", "W/" + tag, ""}) {
      HttpResponse<String> answer = ask("If-Match", wanted);
      farm.contract().allows("getArtifact", answer);
      assertThat(answer.statusCode()).as(wanted).isEqualTo(412);
      assertThat(answer.headers().firstValue("ETag")).isEmpty();
    }
  }

  @Test
  void one_range_is_served_however_it_is_said() {
    String all = farm.get(finished).body();
    int length = all.length();
    assertRange("bytes=0-9", all.substring(0, 10), "bytes 0-9/" + length);
    assertRange("bytes=10-", all.substring(10), "bytes 10-%s/%s".formatted(length - 1, length));
    assertRange(
        "bytes=-7",
        all.substring(length - 7),
        "bytes %s-%s/%s".formatted(length - 7, length - 1, length));
    assertRange(
        "bytes=5-99999999", all.substring(5), "bytes 5-%s/%s".formatted(length - 1, length));
    assertRange("bytes=-99999999", all, "bytes 0-%s/%s".formatted(length - 1, length));
  }

  @Test
  void a_range_outside_is_refused_with_the_length() {
    for (String range : new String[] {"bytes=99999999-", "bytes=-0"}) {
      HttpResponse<String> answer = ask("Range", range);
      assertThat(answer.statusCode()).isEqualTo(416);
      assertThat(header(answer, "Content-Range")).startsWith("bytes */");
      assertThat(header(answer, "Content-Type")).isEqualTo("application/problem+json");
    }
  }

  @Test
  void ranges_that_make_no_sense_or_are_several_are_ignored() {
    for (String range : new String[] {"bytes=9-2", "bytes=-", "lines=1-2", "bytes=0-1,3-4", "x"}) {
      assertThat(ask("Range", range).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void a_range_of_another_file_is_not_served() {
    String tag = header(farm.get(finished), "ETag");
    for (String other : new String[] {"\"other\"", "W/" + tag, "Fri, 27 Nov 2026 00:00:00 GMT"}) {
      assertThat(ranged(other).statusCode()).as(other).isEqualTo(200);
    }
    assertThat(ranged(tag).statusCode()).isEqualTo(206);
  }

  private HttpResponse<String> ranged(String ifRange) {
    return farm.send(
        farm.request(finished).header("Range", "bytes=0-9").header("If-Range", ifRange).build());
  }

  @Test
  void head_says_what_get_would_say_without_the_bytes() {
    HttpResponse<String> get = farm.get(finished);
    HttpResponse<String> head =
        farm.send(farm.request(finished).method("HEAD", BodyPublishers.noBody()).build());
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    for (String name : new String[] {"ETag", "Content-Length", "Content-Type", "Accept-Ranges"}) {
      assertThat(header(head, name)).isEqualTo(header(get, name));
    }
  }

  @Test
  void a_file_that_was_damaged_is_not_served_as_if_it_were_whole() throws Exception {
    JobId job = farm.submit("{\"prompt\":\"a red whale\",\"size\":16}");
    farm.finish(job);
    String path = "/v1/jobs/" + job + "/artifacts/base";
    String tag = header(farm.get(path), "ETag").replace("\"", "");
    String whole = farm.get(path).body();
    Files.writeString(farm.artifacts.path(new ArtifactId(tag)), "x".repeat(whole.length()));
    HttpResponse<String> answer = farm.get(path);
    farm.contract().allows("getArtifact", answer);
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(header(answer, "Retry-After")).isEqualTo("5");
    JsonNode problem = RealFarm.json(answer);
    assertThat(problem.get("type").textValue()).isEqualTo("urn:glimt:problem:remaking");
    assertThat(problem.toString()).doesNotContain(farm.home.toString()).doesNotContain("Exception");

    // A worker makes the file again; the state of the job stays succeeded.
    assertThat(farm.find(job).state()).isEqualTo(JobState.SUCCEEDED);
    farm.claim().forEach(farm::succeed);
    assertThat(farm.get(path).body()).isEqualTo(whole);
    assertThat(farm.find(job).levels().getFirst().tasks().getLast().attempts())
        .extracting(JobView.AttemptView::outcome)
        .containsExactly("succeeded", "remade");
  }

  @Test
  void a_lost_file_of_a_cancelled_job_is_said_to_be_lost() throws Exception {
    JobId job = farm.submit("{\"prompt\":\"a blue whale\"}");
    while (farm.find(job).levels().getFirst().products().isEmpty()) {
      farm.claim().forEach(farm::succeed);
    }
    String path = "/v1/jobs/" + job + "/artifacts/base";
    String tag = header(farm.get(path), "ETag").replace("\"", "");
    farm.post("/v1/jobs/" + job + "/cancel", "{}");
    Files.delete(farm.artifacts.path(new ArtifactId(tag)));
    HttpResponse<String> answer = farm.get(path);
    farm.contract().allows("getArtifact", answer);
    assertThat(answer.statusCode()).isEqualTo(410);
  }

  private void assertRange(String range, String bytes, String contentRange) {
    HttpResponse<String> answer = ask("Range", range);
    assertThat(answer.statusCode()).isEqualTo(206);
    assertThat(answer.body()).isEqualTo(bytes);
    assertThat(header(answer, "Content-Range")).isEqualTo(contentRange);
  }

  private HttpResponse<String> ask(String name, String value) {
    return farm.send(farm.request(finished).header(name, value).build());
  }

  private static String header(HttpResponse<String> answer, String name) {
    return answer.headers().firstValue(name).orElseThrow();
  }
}
