/**
 * The farm's HTTP API, as {@code openapi.yaml} specifies it, and the web page. Start reading at
 * {@link glimt.gateway.Gateway}; {@link glimt.gateway.Operation} lists the operations in the
 * contract's order.
 *
 * <p>Requests are read as {@link glimt.gateway.Fields}, become jobs in {@link
 * glimt.gateway.Submission}, and are answered as {@link glimt.gateway.JobDocument}; every failure
 * becomes a {@link glimt.gateway.Problem}, which {@link glimt.gateway.Refusals} alone answers.
 *
 * <p>No SQL text, no tensors, no worker: nothing of how a picture is made. Event loops never block;
 * whatever blocks goes through {@link glimt.gateway.RequestContext#ask}.
 */
@NullMarked
package glimt.gateway;

import org.jspecify.annotations.NullMarked;
