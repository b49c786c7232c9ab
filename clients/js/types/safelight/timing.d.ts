export namespace timing {
    let first: number;
    let silence: number;
    let stale: number;
    let retry: number;
    let longestRetry: number;
    let trial: number;
    let longestTrial: number;
    let poll: number;
    let pollSlack: number;
    let answer: number;
    let gathering: number;
}
