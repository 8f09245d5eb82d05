using CsCheck;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Policies;
using Xunit;

namespace Kist.Kernel.Tests.Policies;

/// <summary>D01 of the attack list: random policies, paths and operations against the reference evaluator.</summary>
public sealed class AclDifferentialTests
{
    // Few and similar segments, so that rules overlap in every way.
    private static readonly Gen<string> RulePath =
        from segments in Gen.OneOf("a", "b", "ab", "+", "+", "+a", "a+", "").Array[1, 4]
        from end in Gen.OneOf("", "", "*", "/*", "/")
        from start in Gen.OneOf("", "", "", "/")
        let path = start + string.Join('/', segments) + end
        where !path.Contains("+*")
        select path;

    private static readonly Gen<string[]> Capabilities =
        Gen.OneOf("create", "read", "update", "patch", "delete", "list", "sudo", "deny").Array[0, 3];

    private static readonly Gen<ReferenceAcl.Rule> Rule =
        Gen.Select(RulePath, Capabilities, (p, c) => new ReferenceAcl.Rule(p, c));

    private static readonly Gen<string> RequestPath =
        from segments in Gen.OneOf("a", "b", "ab", "abc", "+", "+a", "").Array[1, 5]
        from end in Gen.OneOf("", "/")
        select string.Join('/', segments) + end;

    private static readonly Gen<Operation> AnyOperation = Gen.OneOf(
        Operation.Read, Operation.List, Operation.Create, Operation.Update, Operation.Patch, Operation.Delete);

    private static PolicyDocument Write(IEnumerable<ReferenceAcl.Rule> rules) =>
        PolicyDocument.Parse(string.Join('\n', rules.Select(Write)));

    private static string Write(ReferenceAcl.Rule rule)
    {
        var capabilities = string.Join(',', rule.Capabilities.Select(capability => $"\"{capability}\""));
        return $"path \"{rule.Path}\" {{ capabilities = [{capabilities}] }}";
    }

    [Fact]
    public void TheAccessListAgreesWithTheReferenceEvaluator()
    {
        Gen.Select(Rule.Array[0, 8], Gen.Int[0, 8], Gen.Select(RequestPath, AnyOperation).Array[5]).Sample(
            (rules, split, requests) =>
            {
                // Split over two policies: where a rule stands must make no difference.
                var acl = Acl.Compile([Write(rules.Take(split)), Write(rules.Skip(split))]);
                foreach (var (path, operation) in requests)
                {
                    Assert.Equal(ReferenceAcl.IsAllowed(rules, operation, path), acl.Check(operation, path).Allowed);
                    Assert.Equal(ReferenceAcl.CapabilitiesOf(rules, path), acl.CapabilitiesOf(path));
                }
            },
            iter: 100_000);
    }

    [Fact]
    public void TheOrderOfPoliciesMakesNoDifference()
    {
        Gen.Select(Rule.Array[2, 6], RequestPath).Sample(
            (rules, path) =>
            {
                var documents = rules.Select(rule => Write([rule])).ToArray();
                var forward = Acl.Compile(documents).CapabilitiesOf(path);
                Assert.Equal(forward, Acl.Compile(documents.Reverse()).CapabilitiesOf(path));
            },
            iter: 5_000);
    }
}
