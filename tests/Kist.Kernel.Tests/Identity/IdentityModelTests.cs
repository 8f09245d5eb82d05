using CsCheck;
using Kist.Kernel.Identity;
using Xunit;

namespace Kist.Kernel.Tests.Identity;

public sealed class IdentityModelTests
{
    /// <summary>Random memberships and nestings give every entity exactly the policies that following all paths by hand
    /// gives.</summary>
    [Fact]
    public async Task Policies_are_those_of_every_group_that_can_be_reached()
    {
        const int Entities = 5, Groups = 6;
        var steps = Gen.Select(Gen.Int[0, Groups - 1], Gen.Int[0, Entities + Groups - 1]).Array[1, 25];
        await steps.SampleAsync(async pairs =>
        {
            await using var node = await IdentityNode.StartAsync();
            var entities = new List<string>();
            var groups = new List<string>();
            for (var i = 0; i < Entities; i++) entities.Add((await node.EntityAsync($"e{i}")).Id);
            for (var i = 0; i < Groups; i++) groups.Add((await node.GroupAsync($"g{i}", policies: $"p{i}")).Id);
            var members = groups.Select(_ => new HashSet<int>()).ToArray();
            var nested = groups.Select(_ => new HashSet<int>()).ToArray();
            foreach (var (group, member) in pairs)
            {
                var set = member < Entities ? members[group] : nested[group];
                var one = member < Entities ? member : member - Entities;
                // A second mention takes the member out again. A group may only hold groups after it: no cycles.
                if (member >= Entities && one <= group) continue;
                if (!set.Remove(one)) set.Add(one);
                Assert.Null((await node.Identity.WriteGroupAsync(new GroupWish(groups[group], "", null, null, null,
                    [.. members[group].Select(e => entities[e])], [.. nested[group].Select(g => groups[g])]),
                    default)).Fault);
            }
            for (var e = 0; e < Entities; e++)
                Assert.Equal(Reached(e, members, nested).Select(g => $"p{g}"), await node.PoliciesOfAsync(entities[e]));
        }, iter: 30, threads: 1);
    }

    private static SortedSet<int> Reached(int entity, HashSet<int>[] members, HashSet<int>[] nested)
    {
        var reached = new SortedSet<int>(Enumerable.Range(0, members.Length).Where(g => members[g].Contains(entity)));
        for (var count = -1; count != reached.Count;)
        {
            count = reached.Count;
            reached.UnionWith(Enumerable.Range(0, nested.Length).Where(g => nested[g].Overlaps(reached)));
        }
        return reached;
    }
}
