using Kist.Kernel.Policies;

namespace Kist.Kernel.Identity;

/// <summary>What tokens and policies see of an entity, at one moment.</summary>
/// <param name="Subject">For policy templates.</param>
/// <param name="Policies">The entity's policies and those of all groups it is in, directly or not; sorted.</param>
/// <param name="IsDisabled">Whether its tokens may do nothing.</param>
public sealed record IdentityView(TemplateSubject Subject, IReadOnlyList<string> Policies, bool IsDisabled);
