using Xunit;

namespace Kist.Native.Tests.Security;

/// <summary>Waits for what must happen soon, without counting on when.</summary>
internal static class Eventually
{
    /// <summary>Asks until the answer is yes; fails after ten seconds.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> question)
    {
        for (var end = DateTime.UtcNow.AddSeconds(10); DateTime.UtcNow < end; await Task.Delay(50))
            if (await question()) return;
        Assert.Fail("it did not happen within ten seconds");
    }
}
