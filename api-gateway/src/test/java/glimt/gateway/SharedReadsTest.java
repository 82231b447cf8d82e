package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.ledger.Answers;
import glimt.ledger.Events;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealFarm.Given.class)
@Timeout(60)
class SharedReadsTest {
  private final RealFarm farm;

  SharedReadsTest(RealFarm farm) {
    this.farm = farm;
  }

  @Test
  void all_viewers_of_a_job_are_given_one_text_and_who_asks_later_another() {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    farm.finish(job);
    CountDownLatch asked = new CountDownLatch(1);
    try (ExecutorService one = Executors.newSingleThreadExecutor()) {
      RequestContext desk = new RequestContext(farm.jobs, new Answers(farm.database), one);
      SharedReads reads = new SharedReads(desk, new Events(farm.database));
      // No read can begin before all have asked.
      Future<Boolean> held =
          desk.ask(
              () -> {
                asked.await();
                return true;
              });
      List<Future<List<WatchedStory.StoryEvent>>> answers = new ArrayList<>();
      for (int viewer = 0; viewer < 10; viewer++) {
        answers.add(reads.after(TenantId.DEFAULT, job, "", 1, 100));
      }
      Future<List<WatchedStory.StoryEvent>> proxied =
          reads.after(TenantId.DEFAULT, job, "/glimt", 1, 100);
      Future<List<WatchedStory.StoryEvent>> behind = reads.after(TenantId.DEFAULT, job, "", 0, 100);
      asked.countDown();
      assertThat(join(held)).isTrue();
      List<WatchedStory.StoryEvent> told = join(answers.getFirst());
      assertThat(told).extracting(WatchedStory.StoryEvent::id).containsExactly("2", "3", "4");
      assertThat(told.get(1).json()).contains("\"/v1/jobs/" + job);
      answers.forEach(answer -> assertThat(join(answer)).isSameAs(told));
      assertThat(join(proxied).get(1).json()).contains("\"/glimt/v1/jobs/" + job);
      assertThat(join(behind)).hasSize(4);
      assertThat(join(reads.after(TenantId.DEFAULT, job, "", 1, 100)))
          .isNotSameAs(told)
          .isEqualTo(told);
    }
  }

  private static <T> T join(Future<T> answer) {
    return answer.toCompletionStage().toCompletableFuture().join();
  }
}
