package glimt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.coordinator.Protocol.*;
import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.Format;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.job.SamplingOptions;
import glimt.job.Task;
import glimt.job.TaskId;
import glimt.job.Work;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.model.Kind;
import glimt.model.Sampling;
import glimt.model.Segment;
import glimt.model.Span;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.serialization.SerializationExtension;
import org.apache.pekko.serialization.Serializers;
import org.apache.pekko.serialization.jackson.JacksonCborSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class WireTest {
  private static final ArtifactId DIGEST = new ArtifactId("0123456789abcdef".repeat(4));
  private static final Lease LEASE = new Lease(new TaskId(7), 3);
  private static final JobId JOB = JobId.random();
  private static final Checkpoint CHECKPOINT = new Checkpoint(DIGEST, 9, "cpu avx512 f32 1");
  private static final Effort EFFORT = new Effort("cpu avx512 f32 1", 2, 7, 1.25, 0.75);

  private static Node node;

  @BeforeAll
  static void start() {
    node = Node.found(Set.of(Node.NodeRole.COORDINATOR));
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  private static Stream<Wire> words() {
    ActorRef<ToWorker> worker = TestProbe.create(ToWorker.class, node.system()).ref();
    ActorRef<WorkerView> asker = TestProbe.create(WorkerView.class, node.system()).ref();
    WorkerCard card = new WorkerCard(new WorkerId("w1"), 4, "cpu", "f32", Map.of("dots", DIGEST));
    JobSpec video =
        new JobSpec(
            Kind.VIDEO,
            "a whale",
            "clips",
            new SamplingOptions(5, 20, 2.5, "euler", null),
            Map.of("frames", 24),
            Format.MP4);
    JobSpec cloud =
        new JobSpec(
            Kind.POINTS,
            "ein Käfer",
            "objects",
            new SamplingOptions(0, null, null, null, null),
            Map.of(),
            Format.GLB);
    Sampling sampling = Sampling.karras("euler", 10, 1, 0.01, 10, 7);
    Work sample = new Work.Sample("base", new Segment(List.of(new Span(0, 8))), sampling, null);
    Work encode = new Work.Encode("text", "a whale");
    Work decode = new Work.Decode("base", new Segment(List.of(new Span(0, 8))), List.of(8));
    List<Product> known =
        List.of(new Product(Product.Role.SAMPLE, new Artifact(DIGEST, "video/mp4", 12)));
    Work assemble = new Work.Assemble("base", List.of(8, 16, 16), 1);
    return Stream.of(
        new TasksReady(),
        new Idle(card, worker),
        new Beat(LEASE, 4, worker),
        new Checkpointed(LEASE, CHECKPOINT),
        new Ended(
            LEASE,
            new Outcome.Succeeded(
                List.of(new Product(Product.Role.MEDIA, new Artifact(DIGEST, "video/mp4", 12))),
                List.of("the prompt was cut")),
            EFFORT,
            worker),
        new Ended(LEASE, new Outcome.Failed(Fault.POISON, "not a number"), EFFORT, worker),
        new Ended(LEASE, new Outcome.Damaged(DIGEST), EFFORT, worker),
        new Ended(LEASE, new Outcome.Yielded(Optional.of(CHECKPOINT)), EFFORT, worker),
        new Ended(LEASE, new Outcome.Yielded(Optional.empty()), EFFORT, worker),
        new Run(new Task(LEASE, JOB, video, DIGEST, 0, sample, List.of(), List.of(), List.of())),
        new Run(new Task(LEASE, JOB, video, DIGEST, 0, encode, List.of(), known, List.of())),
        new Run(new Task(LEASE, JOB, video, DIGEST, 0, decode, List.of(), List.of(), List.of())),
        new Run(
            new Task(
                LEASE,
                JOB,
                cloud,
                DIGEST,
                1,
                assemble,
                List.of(new Task.Input("piece", DIGEST), new Task.Input("piece", DIGEST)),
                List.of(),
                List.of(CHECKPOINT, CHECKPOINT))),
        new Abandon(LEASE),
        new Heard(LEASE),
        new Watched(JOB),
        new Yield(LEASE),
        new Changed(JOB),
        new Describe(asker),
        new Advanced(JOB),
        new Progress(JOB, "base", 1, 2, 3),
        new Previewed(JOB, "base", 1, 2, 3, "image/jpeg", 4, 2, new byte[] {1, -2, 3}),
        new WorkerView(card, Optional.of(JOB), Optional.of(LEASE), 5),
        new WorkerView(card, Optional.empty(), Optional.empty(), 0));
  }

  @Test
  void every_word_survives_the_wire() {
    var serialization = SerializationExtension.get(node.system());
    words()
        .forEach(
            word -> {
              var serializer = serialization.findSerializerFor(word);
              assertThat(serializer).isInstanceOf(JacksonCborSerializer.class);
              Object back =
                  serialization
                      .deserialize(
                          serialization.serialize(word).get(),
                          serializer.identifier(),
                          Serializers.manifestFor(serializer, word))
                      .get();
              if (word instanceof Previewed) {
                assertThat(back).usingRecursiveComparison().isEqualTo(word);
              } else {
                assertThat(back).isEqualTo(word);
              }
            });
  }

  @Test
  void every_word_is_tried() {
    Set<Class<?>> known =
        Arrays.stream(Protocol.class.getDeclaredClasses())
            .filter(Class::isRecord)
            .collect(Collectors.toCollection(HashSet::new));
    assertThat(words().map(Object::getClass).collect(Collectors.toSet()))
        .containsExactlyInAnyOrderElementsOf(known);
  }
}
