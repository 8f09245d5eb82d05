namespace Kist.Kernel.Hcl;

/// <summary>Counts nodes while a document is parsed and refuses repeated keys; shared by both notations.</summary>
internal sealed class HclTree(HclLimits limits)
{
    private int _nodes;

    internal HclError? Error { get; private set; }

    internal int MaxDepth => limits.MaxDepth;

    /// <summary>Keeps the first error; what follows it is a consequence.</summary>
    internal void Fail(string message, HclPosition position) => Error ??= new HclError(message, position);

    /// <summary>False when the document has more nodes, or is deeper, than it may.</summary>
    internal bool Admit(HclPosition position, int depth)
    {
        if (depth > limits.MaxDepth) Fail($"nested deeper than {limits.MaxDepth} levels", position);
        if (++_nodes > limits.MaxNodes) Fail($"more than {limits.MaxNodes} values", position);
        return Error is null;
    }

    /// <summary>The members of one object. A key may repeat only when every occurrence is a block.</summary>
    internal sealed class Members(HclTree tree)
    {
        private readonly List<HclMember> _list = [];
        private readonly Dictionary<string, bool> _isBlock = new(StringComparer.Ordinal);

        internal IReadOnlyList<HclMember> List => _list;

        internal bool Add(HclMember member, bool isBlock)
        {
            if (!_isBlock.TryAdd(member.Key, isBlock) && !(isBlock && _isBlock[member.Key]))
            {
                tree.Fail("the key was already set", member.Position);
                return false;
            }
            _list.Add(member);
            return true;
        }
    }
}
